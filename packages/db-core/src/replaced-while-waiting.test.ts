import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import type { ProcedureSpec } from "./contract.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { otherProcess } from "./fixtures/session-database.ts";

/** The first release keeps notes in the table, the second in one of their own. What calls of both give is the same. */
const args = { id: "bigint", note: "text" };
const contract = shopContract({
  addValue: procedure("add_value", "write", "scalar", args, { value: "bigint" }),
  addRow: procedure("add_row", "write", "one", args, { id: "bigint" }),
  addQuietly: procedure("add_quietly", "write", "void", args),
  addUnseen: procedure("add_unseen", "write", "many", args, { id: "bigint" }),
});
const FORMS = [
  ["add_value", "bigint", "returning item.id"],
  ["add_row", "table (id bigint)", "returning item.id"],
  ["add_quietly", "void", ""],
] as const;

const functions = (insert: (returning: string) => string) =>
  [
    ...FORMS.map(([name, result, returning]) => definition(name, result, insert(returning))),
    // What it writes is not in its answer: there is no row to hold a check against.
    definition("add_unseen", "table (id bigint)", `${insert("")}; select i.id from shop.item i where false`),
  ].join("\n");

function definition(name: string, result: string, body: string): string {
  return `create function shop.${name}(id_in bigint, note_in text) returns ${result}
    language sql volatile security definer begin atomic ${body}; end;`;
}

const FIRST = `
  drop schema if exists shop cascade;
  create schema shop;
  create table shop.item (id bigint primary key, note text);
  ${functions((returning) => `insert into shop.item (id, note) values (id_in, note_in) ${returning}`)}`;
const SECOND = `
  ${[...FORMS.map(([name]) => name), "add_unseen"].map((name) => `drop function shop.${name}(bigint, text);`).join("\n")}
  create table shop.note (id bigint, note text);
  alter table shop.item drop column note;
  ${functions((returning) => `with n as (insert into shop.note values (id_in, note_in)) insert into shop.item (id) values (id_in) ${returning}`)}`;

const database = await procedureDatabase(`
  create schema plinth_core;
  create function plinth_core.get_versions() returns table (namespace text, version integer)
  language sql stable begin atomic select 'shop', 0; end;`);
const migrator = await otherProcess(database.url);
const pooled = await connect({ writeUrl: database.url });
const unprepared = await connect({ writeUrl: database.url, prepare: false });

beforeEach(() => migrator.query(FIRST));
afterAll(async () => {
  await pooled.close();
  await unprepared.close();
  await migrator.end();
  await database.drop();
});

const forms = Object.entries(contract.procedures.shop ?? {}) as [string, ProcedureSpec][];

test.each(forms)("what %s writes while its table is split is all there, once", async (key) => {
  for (const [id, db] of [pooled, unprepared].entries()) {
    await migrator.query(FIRST);
    const { shop } = db.procsOf(contract);
    // Prepared before anybody migrates, as in a service that has been running.
    await shop[key]?.({ id: 1n, note: "before" });
    await migrator.query(`begin; ${SECOND}`);
    const call = shop[key]?.({ id: 2n, note: `during ${id}` });
    await waiting();
    await migrator.query("commit");
    await call;

    const { rows } = await migrator.query("select n.note from shop.item i join shop.note n using (id) where id = 2");
    expect(rows).toEqual([{ note: `during ${id}` }]);
  }
});

test("a transaction whose call was overtaken is rolled back, and says why", async () => {
  await pooled.procsOf(contract).shop.addValue?.({ id: 1n, note: "before" });
  await migrator.query(`begin; ${SECOND}`);
  const transaction = pooled.transaction(
    (tx) => tx.procsOf(contract).shop.addValue?.({ id: 2n, note: "during" }) as Promise<unknown>,
  );
  await Promise.all([
    waiting().then(() => migrator.query("commit")),
    expect(transaction).rejects.toThrow("replaced while the call waited"),
  ]);
  expect((await migrator.query("select from shop.item where id = 2")).rows).toHaveLength(0);
});

/** Resolves when a call waits for the migrator's lock. */
async function waiting(): Promise<void> {
  const text =
    "select from pg_locks l join pg_database d on d.oid = l.database where not l.granted and d.datname = current_database()";
  while ((await migrator.query(text)).rows.length === 0) await new Promise((resolve) => setImmediate(resolve));
}
