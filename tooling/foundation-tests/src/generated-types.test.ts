import { afterAll, expect, test } from "@jest/globals";
import { connect } from "@plinth/db-core";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { contract as notesContract } from "@plinth/notes";
import { noteId } from "@plinth/notes/structure";
import { Checkout, migrationsOf } from "./checkout.ts";
import { runCli } from "./cli.ts";
import { contract } from "./fixtures/diary/src/procedures.gen.ts";
import { diaryEntry } from "./fixtures/diary/src/structure.gen.ts";

const database = await createMigratedDatabase({ migrations: migrationsOf("diary") });
const db = await connect({ writeUrl: database.url, namespaces: [contract, notesContract], service: "diary" });
afterAll(async () => {
  await db.close();
  await database.drop();
});

for (const fixture of ["notes", "diary", "people-1", "people-2"] as const)
  test(`the checked-in files of ${fixture} are what its migrations give, and lint finds nothing in those`, async () => {
    const cwd = migrationsOf(fixture);
    const run = await runCli(["types", "--check", "--lock"], { cwd, url: database.url });
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(await runCli(["lint"], { cwd, url: "" })).toMatchObject({ code: 0, stderr: "" });
  });

test("a generated file that is not what the migrations give is refused with exit code 4, and left as it is", async () => {
  using checkout = Checkout.of("diary");
  expect(await checkout.run(database.url, "types", "--check")).toMatchObject({ code: 0 });
  const stale = "src/procedures.gen.ts";
  const before = checkout
    .edit("migrations/901-r-billing.sql", "What a customer was sent", "All that a customer was sent")
    .read(stale);
  const run = await checkout.run(database.url, "types", "--check");
  expect(run.code).toBe(4);
  expect(run.stderr).toContain(stale);
  expect(checkout.read(stale)).toBe(before);

  expect(await checkout.run(database.url, "types")).toMatchObject({ code: 0 });
  expect(checkout.read(stale)).toContain("All that a customer was sent");
  expect(await checkout.run(database.url, "types", "--check")).toMatchObject({ code: 0 });
});

test("a table's new column makes its structure stale", async () => {
  using checkout = Checkout.of("diary");
  checkout.write({ "migrations/003-mood.sql": "alter table diary.entry add column mood text;" });
  const run = await checkout.run(database.url, "types", "--check");
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("src/structure.gen.ts");
});

test("a column that refers to a package's row has the package's own schema", async () => {
  expect(diaryEntry.shape.noteId).toBe(noteId);
  expect(diaryEntry.shape.answersNoteId.unwrap()).toBe(noteId);
  const row = { id: 1n, author: "ann", title: "first", noteId: 1n, answersNoteId: null, writtenAt: new Date(0) };
  expect(diaryEntry.parse(row)).toEqual(row);
  expect(diaryEntry.safeParse({ ...row, noteId: 0n }).success).toBe(false);
});

test("the schema of a table takes the rows that the table gives", async () => {
  const { id: noteId } = await db.procs.notes.addNote({ owner: "ann", body: [] });
  const id = await db.procs.diary.addEntry({ author: "ann", title: "first", noteId });
  const { rows } = await db.query<Record<string, unknown>>(
    `select id, author, title, note_id as "noteId", answers_note_id as "answersNoteId", written_at as "writtenAt"
     from diary.entry`,
  );
  expect(rows.map((row) => diaryEntry.parse(row))).toMatchObject([{ id, noteId, answersNoteId: null }]);
});

test("every type of value comes back as it went", async () => {
  const { notes } = db.procs;
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const largest = 2n ** 63n - 1n;
  const body = {
    "b first": 1,
    "a second": [null, true, 1.5, -0.25, 1e300, "\u0000 ' \" \\ 😀 日本"],
    nested: { empty: {}, none: [] },
  };
  const note = {
    owner: "ann 'quoted' \\ 😀",
    kind: "list",
    body,
    tags: ["", "null", "NULL", "a,b", '{"x"}', "back\\slash", " spaced ", "😀"],
    sources: [0n, -1n, largest, -(2n ** 63n)],
    picture: bytes,
  } as const;
  const before = Date.now();
  const added = await notes.addNote(note);
  const found = await notes.getNote({ owner: note.owner, id: added.id });

  expect(found).toEqual({
    id: added.id,
    kind: "list",
    body,
    tags: note.tags,
    sources: note.sources,
    picture: expect.any(Uint8Array),
    version: added.version,
    updatedAt: added.updatedAt,
  });
  expect(new Uint8Array(found!.picture!)).toEqual(bytes);
  expect(JSON.stringify(found!.body)).toBe(JSON.stringify(body));
  expect(typeof added.version).toBe("bigint");
  expect(added.updatedAt).toBeInstanceOf(Date);
  expect(Math.abs(added.updatedAt.getTime() - before)).toBeLessThan(3_600_000);
});

test("what may be left out is filled in by the database, and what may be null is null", async () => {
  const { notes } = db.procs;
  for (const body of ["text", 0, false, [], {}, [[]]]) {
    const { id } = await notes.addNote({ owner: "bob", body });
    await expect(notes.getNote({ owner: "bob", id })).resolves.toMatchObject({
      kind: "plain",
      body,
      tags: [],
      sources: [],
      picture: null,
    });
  }
});

test("a keyset-paged list gives each row once, in order, whatever the page's size", async () => {
  await database.truncate();
  for (let at = 0; at < 7; at += 1) await db.procs.notes.addNote({ owner: "eve", body: at });
  for (const pageSize of [1, 3, 7, 500]) {
    const bodies: unknown[] = [];
    for await (const { body } of db.iterate.notes.listNotes({ owner: "eve" }, { pageSize })) bodies.push(body);
    expect(bodies).toEqual([0, 1, 2, 3, 4, 5, 6]);
  }
});
