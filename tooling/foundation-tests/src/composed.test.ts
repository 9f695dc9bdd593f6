import { afterAll, expect, test } from "@jest/globals";
import { connect, type Database, ForeignKeyViolationError, UniqueViolationError } from "@plinth/db-core";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { NoteConflictError, Notes, contract as notesContract } from "@plinth/notes";
import { startPgBouncer } from "@plinth/testing";
import { migrationsOf } from "./checkout.ts";
import { contract } from "./fixtures/diary/src/procedures.gen.ts";
import { pooledTest } from "./pooled-test.ts";

const namespaces = [contract, notesContract] as const;
type Diary = Database<typeof namespaces, "diary">;

const migrated = await createMigratedDatabase({ migrations: migrationsOf("diary"), service: "diary" });
afterAll(() => migrated.drop());

/** Runs the story as the service, past no pooler or through one. */
async function asDiary(writeUrl: string, story: (db: Diary, notes: Notes) => Promise<void>): Promise<void> {
  await migrated.truncate();
  const db = await connect({ writeUrl, namespaces, service: "diary" });
  try {
    await story(db, new Notes(db));
  } finally {
    await db.close();
  }
}

/** One entry with a note of its own: two packages' rows, one transaction. */
async function write(db: Diary, notes: Notes, title: string, fired: string[]): Promise<bigint> {
  return await db.transaction(async (tx) => {
    const note = await notes.with(tx).add("ann", { body: { title } });
    tx.afterCommit(() => {
      fired.push(title);
    });
    await tx.procs.diary.addEntry({ author: "ann", title, noteId: note.id });
    // What the transaction wrote it sees, in every package; nobody else does.
    await expect(notes.with(tx).get("ann", note.id)).resolves.toMatchObject({ id: note.id });
    expect(fired).not.toContain(title);
    return note.id;
  });
}

async function commits(db: Diary, notes: Notes): Promise<void> {
  const fired: string[] = [];
  const noteId = await write(db, notes, "first", fired);
  expect(fired).toEqual(["first"]);
  await expect(db.procs.diary.listEntries({ author: "ann" })).resolves.toMatchObject([{ title: "first", noteId }]);
  await expect(notes.get("ann", noteId)).resolves.toMatchObject({ body: { title: "first" } });
}

async function rollsBack(db: Diary, notes: Notes): Promise<void> {
  const fired: string[] = [];
  const { id: first } = await notes.add("ann", { body: "before" });
  await write(db, notes, "first", fired);
  // The second entry of that title is refused, and takes its note with it.
  await expect(write(db, notes, "first", fired)).rejects.toBeInstanceOf(UniqueViolationError);
  const undone = db.transaction(async (tx) => {
    await notes.with(tx).remove("ann", first);
    tx.afterCommit(() => {
      fired.push("undone");
    });
    throw new Error("the application's own reason");
  });
  await expect(undone).rejects.toThrow("the application's own reason");
  expect(fired).toEqual(["first"]);
  await expect(db.procs.diary.listEntries({ author: "ann" })).resolves.toHaveLength(1);
  await expect(db.procs.notes.listNotes({ owner: "ann" })).resolves.toHaveLength(2);
}

async function nests(db: Diary, notes: Notes): Promise<void> {
  const fired: string[] = [];
  await db.transaction(async (tx) => {
    const kept = await notes.with(tx).add("ann", { body: "kept" });
    tx.afterCommit(() => {
      fired.push("kept");
    });
    const lost = tx.transaction(async (inner) => {
      await notes.with(inner).add("ann", { body: "lost" });
      inner.afterCommit(() => {
        fired.push("lost");
      });
      await inner.procs.diary.addEntry({ author: "ann", title: "no note", noteId: kept.id + 1_000n });
    });
    await expect(lost).rejects.toBeInstanceOf(ForeignKeyViolationError);
    await tx.procs.diary.addEntry({ author: "ann", title: "after all", noteId: kept.id });
  });
  expect(fired).toEqual(["kept"]);
  await expect(db.procs.notes.listNotes({ owner: "ann" })).resolves.toMatchObject([{ body: "kept" }]);
  await expect(db.procs.diary.listEntries({ author: "ann" })).resolves.toMatchObject([{ title: "after all" }]);
}

async function crowds(db: Diary, notes: Notes): Promise<void> {
  const fired: string[] = [];
  const titles = Array.from({ length: 40 }, (_, index) => `entry ${index}`);
  const ids = await Promise.all(titles.map((title) => write(db, notes, title, fired)));
  expect(new Set(ids).size).toBe(titles.length);
  expect(fired.sort()).toEqual([...titles].sort());
  const entries = await db.procs.diary.listEntries({ author: "ann" });
  expect(new Set(entries.map(({ noteId }) => noteId))).toEqual(new Set(ids));
}

const stories = {
  "an application's row and a package's are written together, and afterCommit fires once": commits,
  "a transaction that fails leaves nothing of either, and fires nothing": rollsBack,
  "a nested transaction is undone alone, with what it was to fire": nests,
  "forty transactions at once are forty": crowds,
};

for (const [name, story] of Object.entries(stories)) {
  test(name, () => asDiary(migrated.url, story));
  pooledTest(`behind PgBouncer, with nothing said about it: ${name}`, async () => {
    await using pooler = await startPgBouncer({ url: migrated.url, poolSize: 3 });
    await asDiary(pooler.url, async (db, notes) => {
      // Proves that it was found out.
      await expect(db.listen("anything", () => {})).rejects.toMatchObject({ name: "ListenThroughPoolerError" });
      await story(db, notes);
    });
  });
}

test("of two writers that read the same version of a note one wins, and the other is told", () =>
  asDiary(migrated.url, async (_db, notes) => {
    const note = await notes.add("ann", { body: "draft" });
    const outcomes = await Promise.allSettled([notes.replace(note, "a"), notes.replace(note, "b")]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [rejected] = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(rejected?.reason).toBeInstanceOf(NoteConflictError);
  }));

test("a note that an entry speaks of is not removed", () =>
  asDiary(migrated.url, async (db, notes) => {
    const noteId = await write(db, notes, "first", []);
    await expect(notes.remove("ann", noteId)).rejects.toBeInstanceOf(ForeignKeyViolationError);
    await expect(notes.get("ann", noteId)).resolves.toMatchObject({ id: noteId });
  }));

test("calling the database and not the transaction inside a transaction is an error, and nothing is written", () =>
  asDiary(migrated.url, async (db, notes) => {
    const mistake = db.transaction(async () => {
      await notes.add("ann", { body: "outside" });
    });
    await expect(mistake).rejects.toMatchObject({ name: "DatabaseUsedInTransactionError" });
    await expect(db.procs.notes.listNotes({ owner: "ann" })).resolves.toEqual([]);
  }));
