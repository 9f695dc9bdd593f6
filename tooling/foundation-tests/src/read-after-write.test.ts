import { afterAll, expect, test } from "@jest/globals";
import { connect } from "@plinth/db-core";
import { Notes, contract as notesContract } from "@plinth/notes";
import { migrationsOf } from "./checkout.ts";
import { contract } from "./fixtures/diary/src/procedures.gen.ts";
import { ReplicatedDatabase } from "./replicated-database.ts";

const database = await ReplicatedDatabase.create(migrationsOf("diary"));
const { replica, primary } = database;
const db = await connect({
  writeUrl: database.url,
  readUrl: database.replicaUrl,
  namespaces: [contract, notesContract],
  service: "diary",
});
afterAll(async () => {
  await db.close();
  await database[Symbol.asyncDispose]();
});

const notes = new Notes(db);
const notesOfReplica = new Notes(db, { reads: "replica" });

test("an application's reads are answered by the replica, and by the primary where asked for and in a transaction", async () => {
  const { diary } = db.procs;
  await expect(diary.getPort()).resolves.toBe(replica.port);
  await expect(diary.getPort({}, { consistency: "any" })).resolves.toBe(replica.port);
  await expect(diary.getPort({}, { consistency: "primary" })).resolves.toBe(primary.port);
  await expect(db.transaction((tx) => tx.procs.diary.getPort())).resolves.toBe(primary.port);
});

test("a package reads what it has just written, however far the replica is behind", async () => {
  const note = await notes.add("ann", { body: { text: "draft" } });
  await replica.caughtUp();
  await replica.pauseReplay();
  try {
    const replaced = await notes.replace(note, { text: "final" });
    await expect(notes.get("ann", note.id)).resolves.toEqual(replaced);
    // Many at once, down every connection there is.
    const found = await Promise.all(Array.from({ length: 50 }, () => notes.get("ann", note.id)));
    expect(new Set(found.map((each) => each?.version))).toEqual(new Set([replaced.version]));

    // Whoever asks for the replica gets what the replica has, from the replica.
    await expect(notesOfReplica.get("ann", note.id)).resolves.toEqual(note);
    await expect(db.procs.diary.getPort()).resolves.toBe(replica.port);

    const added = await notes.add("ann", { body: "new" });
    await expect(notes.get("ann", added.id)).resolves.toEqual(added);
    await expect(notesOfReplica.get("ann", added.id)).resolves.toBeUndefined();
  } finally {
    await replica.resumeReplay();
  }
});

test("an application's row is read from the primary where it asks for that, and late from the replica", async () => {
  const note = await notes.add("bob", { body: 1 });
  await replica.caughtUp();
  await replica.pauseReplay();
  try {
    const id = await db.procs.diary.addEntry({ author: "bob", title: "late", noteId: note.id });
    const { listEntries } = db.procs.diary;
    await expect(listEntries({ author: "bob" }, { consistency: "primary" })).resolves.toMatchObject([{ id }]);
    await expect(listEntries({ author: "bob" })).resolves.toEqual([]);
    await replica.resumeReplay();
    await replica.caughtUp();
    await expect(listEntries({ author: "bob" })).resolves.toMatchObject([{ id }]);
  } finally {
    await replica.resumeReplay();
  }
});

test("a replica that is gone fails no read of a package or an application", async () => {
  const note = await notes.add("eve", { body: [null, true] });
  await replica.caughtUp();
  await replica.stop({ mode: "immediate" });
  await expect(notesOfReplica.get("eve", note.id)).resolves.toEqual(note);
  await expect(notes.get("eve", note.id)).resolves.toEqual(note);
  await expect(db.procs.diary.getPort()).resolves.toBe(primary.port);
  await replica.start();
});
