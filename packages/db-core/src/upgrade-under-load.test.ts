import { afterAll, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { otherProcess } from "./fixtures/session-database.ts";

/** Two versions of a table and its functions: columns come and go, types of results change, what was there is dropped first. */
const drop = "drop schema if exists shop cascade;";
const VERSIONS = [
  `create schema shop;
   create table shop.item (id bigint primary key, note text, price integer);
   insert into shop.item select g, 'note', 1 from generate_series(1, 10) as g;
   create function shop.get_item(id_in bigint) returns table (id bigint, note text)
   language sql stable security definer begin atomic select i.id, i.note from shop.item i where i.id = id_in; end;
   create function shop.late_item(id_in bigint) returns table (id bigint, note text)
   language plpgsql stable security definer as 'begin return query select i.id, i.note from shop.item i where i.id = id_in; end';
   create function shop.put_item(id_in bigint, note_in text) returns bigint
   language sql volatile security definer begin atomic update shop.item i set note = note_in where i.id = id_in returning i.id; end;`,
  `create schema shop;
   create table shop.item (note varchar(50), id bigint primary key, more text default 'more', price numeric);
   insert into shop.item (id, note) select g, 'note' from generate_series(1, 10) as g;
   create function shop.get_item(id_in bigint, extra_in text default null)
   returns table (note varchar, id bigint, more text)
   language sql stable security definer begin atomic select i.note, i.id, i.more from shop.item i where i.id = id_in; end;
   create function shop.late_item(id_in bigint, extra_in text default null) returns table (more text, note varchar, id bigint)
   language plpgsql stable security definer as 'begin return query select i.more, i.note, i.id from shop.item i where i.id = id_in; end';
   create function shop.put_item(id_in bigint, note_in varchar) returns bigint
   language sql volatile security definer begin atomic update shop.item i set note = note_in where i.id = id_in returning i.id; end;`,
];

const item = { id: "bigint", note: "text" };
const contract = shopContract({
  getItem: procedure("get_item", "read", "maybe", { id: "bigint" }, item),
  lateItem: procedure("late_item", "read", "maybe", { id: "bigint" }, item),
  putItem: procedure("put_item", "write", "scalar", { id: "bigint", note: "text" }, { value: "bigint" }),
});

const database = await procedureDatabase(drop + VERSIONS[0]);
const migrator = await otherProcess(database.url);

afterAll(async () => {
  await migrator.end();
  await database.drop();
});

for (const [what, options] of [
  ["on pipelined connections", {}],
  ["on connections of a pool", { pipeline: false }],
  ["without prepared statements", { prepare: false }],
] as const) {
  test(`no call fails while functions and their table are dropped and created: ${what}`, async () => {
    const db = await connect({ writeUrl: database.url, ...options });
    const { getItem, lateItem, putItem } = db.procsOf(contract).shop;
    const calls = [getItem, lateItem, putItem];
    const errors: unknown[] = [];
    let made = 0;
    let migrating = true;
    const hammer = async (caller: number): Promise<void> => {
      for (let turn = caller; migrating; turn += 1) {
        const call = calls[turn % calls.length];
        const args = { id: BigInt(1 + (turn % 10)) };
        const result = await call?.(call === putItem ? { ...args, note: "new" } : args).catch((error) =>
          errors.push(error),
        );
        if (result !== undefined) made += 1;
      }
    };
    const callers = Array.from({ length: 8 }, (_, caller) => hammer(caller));
    for (let version = 1; version <= 60; version += 1) {
      const from = made;
      await migrator.query(`begin; ${drop} ${VERSIONS[version % 2]} commit`).catch(async (error) => {
        await migrator.query("rollback");
        // The migrator may lose a deadlock. It would try again.
        if (error.code !== "40P01") throw error;
      });
      while (made < from + 20 && errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    migrating = false;
    await Promise.all(callers);
    await db.close();
    expect(errors).toEqual([]);
    expect(made).toBeGreaterThan(1_000);
  });
}
