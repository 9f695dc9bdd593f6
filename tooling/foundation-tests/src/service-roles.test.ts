import { afterAll, expect, test } from "@jest/globals";
import { connect, PermissionDeniedError } from "@plinth/db-core";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { Notes, contract as notesContract } from "@plinth/notes";
import { migrationsOf } from "./checkout.ts";
import { contract } from "./fixtures/diary/src/procedures.gen.ts";

// access.json: diary owns its schema, uses notes and reads billing.get_*; billing owns its schema, and nothing else.
const database = await createMigratedDatabase({ migrations: migrationsOf("diary"), service: "diary" });
const namespaces = [contract, notesContract] as const;
const diary = await connect({ writeUrl: database.url, namespaces, service: "diary" });
const billing = await connect({ writeUrl: database.urlFor("billing"), namespaces, service: "billing" });
afterAll(async () => {
  await Promise.all([diary.close(), billing.close()]);
  await database.drop();
});

/** What a refused call is rejected with. */
const denied = expect.objectContaining({ constructor: PermissionDeniedError, sqlstate: "42501" });

test("a service calls its own procedures, and those of a package that it uses", async () => {
  const note = await new Notes(diary).add("ann", { body: { text: "draft" } });
  const { diary: own } = diary.procs;
  const id = await own.addEntry({ author: "ann", title: "first", noteId: note.id });
  await expect(own.listEntries({ author: "ann" })).resolves.toMatchObject([{ id, noteId: note.id }]);
});

test("a service touches no table, neither its own nor a package's nor the ledger", async () => {
  for (const table of [
    "diary.entry",
    "billing.invoice",
    "plinth_notes.note",
    "plinth_core.procedure",
    "plinth_migrate.ledger",
  ]) {
    await expect(diary.query(`select from ${table}`)).rejects.toEqual(denied);
    await expect(diary.query(`delete from ${table}`)).rejects.toEqual(denied);
  }
});

test("a service makes nothing in the database", async () => {
  for (const statement of ["create table diary.mine ()", "create table public.mine ()", "create schema mine"])
    await expect(diary.query(statement)).rejects.toEqual(denied);
});

test("another service's write procedure is refused by the database, whatever the caller's types were", async () => {
  const untyped = diary.procs.billing as unknown as { addInvoice(args: object): Promise<bigint> };
  await expect(untyped.addInvoice({ customer: "ann", cents: 1n })).rejects.toEqual(denied);
  await expect(billing.procs.billing.getTotal({ customer: "ann" })).resolves.toBe(0n);
});

test("another service's read procedure is granted by a pattern, and refused where none matches", async () => {
  const id = await billing.procs.billing.addInvoice({ customer: "bob", cents: 250n });
  await expect(diary.procs.billing.getTotal({ customer: "bob" })).resolves.toBe(250n);
  await expect(billing.procs.billing.listInvoices({ customer: "bob" })).resolves.toMatchObject([{ id, cents: 250n }]);
  await expect(diary.procs.billing.listInvoices({ customer: "bob" })).rejects.toEqual(denied);
});

test("a package that a service does not use is refused to it", async () => {
  await expect(new Notes(billing).get("ann", 1n)).rejects.toEqual(denied);
});

test("a service reads the versions, and may not ask what was promised", async () => {
  await expect(billing.query("select * from plinth_core.get_versions()")).resolves.toMatchObject({ rowCount: 3 });
  await expect(billing.query("select * from plinth_core.list_promises()")).rejects.toEqual(denied);
});

test("a service that connects for procedures only has no plain SQL, in a transaction neither", async () => {
  const only = await connect({ writeUrl: database.url, namespaces, service: "diary", proceduresOnly: true });
  try {
    await expect((only as unknown as typeof diary).query("select 1")).rejects.toMatchObject({
      name: "ProceduresOnlyError",
    });
    await only.transaction(async (tx) => {
      await expect((tx as unknown as typeof diary).query("select 1")).rejects.toMatchObject({
        name: "ProceduresOnlyError",
      });
      await expect(tx.procs.billing.getTotal({ customer: "nobody" })).resolves.toBe(0n);
    });
  } finally {
    await only.close();
  }
});
