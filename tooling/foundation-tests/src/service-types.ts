// Never run: what the compiler says of it is the test, and `npm run typecheck` runs that.
import type { Database, ProceduresDatabase } from "@plinth/db-core";
import type { contract as notes } from "@plinth/notes";
import type { contract } from "./fixtures/diary/src/procedures.gen.ts";

type Namespaces = readonly [typeof contract, typeof notes];

/** A service calls what is its own and what may be shared, with arguments and results of the right types. */
export async function asDiary({ procs, iterate }: Database<Namespaces, "diary">): Promise<void> {
  const id: bigint = await procs.diary.addEntry({ author: "ann", title: "first", noteId: 1n });
  const total: bigint = await procs.billing.getTotal({ customer: `customer ${id}` });
  const note = await procs.notes.getNote({ owner: "ann", id: total });
  const picture: Uint8Array | null | undefined = note?.picture;
  for await (const { writtenAt } of iterate.diary.listEntries({ author: "ann" })) writtenAt.getTime();

  // @ts-expect-error Another service's write procedure.
  await procs.billing.addInvoice({ customer: "ann", cents: 1n });
  // @ts-expect-error There is no such procedure.
  await procs.diary.removeEntry({ id });
  // @ts-expect-error A bigint is no number.
  await procs.notes.getNote({ owner: "ann", id: 1 });
  // @ts-expect-error An argument is missing.
  await procs.diary.addEntry({ author: "ann", title: "first" });
  // @ts-expect-error There may be no such note.
  note.version.toString();
  // @ts-expect-error Not every note has a picture.
  picture.byteLength.toString();
  // @ts-expect-error No such kind.
  await procs.notes.addNote({ owner: "ann", body: null, kind: "drawing" });
}

/** The other service has the other write procedures, inside a transaction too. */
export async function asBilling(db: Database<Namespaces, "billing">): Promise<void> {
  await db.procs.billing.addInvoice({ customer: "ann", cents: 1n });
  // @ts-expect-error Another service's write procedure.
  await db.procs.diary.addEntry({ author: "ann", title: "first", noteId: 1n });
  await db.transaction(async (tx) => {
    await tx.procs.billing.addInvoice({ customer: "ann", cents: 1n });
    // @ts-expect-error Another service's write procedure.
    await tx.procs.diary.addEntry({ author: "ann", title: "first", noteId: 1n });
  });
}

/** With `proceduresOnly` there is no plain SQL. */
export async function withProceduresOnly(db: ProceduresDatabase<Namespaces, "diary">): Promise<void> {
  // @ts-expect-error No query.
  await db.query("select 1");
  // @ts-expect-error No query here either.
  await db.transaction((tx) => tx.query("select 1"));
}
