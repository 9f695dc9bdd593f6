import { afterAll, expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import type { Database } from "./database.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";

const page = { page_size: "integer?" };
const contract = shopContract({
  list: procedure(
    "list",
    "read",
    "many",
    { owner: "text", after_at: "timestamptz?", after_id: "bigint?", ...page },
    { id: "bigint", at: "timestamptz" },
    { keyset: ["at", "id"] },
  ),
  stuck: procedure("stuck", "read", "many", { after_id: "bigint?", ...page }, { id: "bigint" }, { keyset: ["id"] }),
});

// All rows within one millisecond: a position without microseconds would give some of them twice.
const database = await procedureDatabase(`
  create schema shop;
  create schema plinth_core;
  create function plinth_core.get_versions() returns table (namespace text, version integer) language sql stable
    begin atomic select 'shop', 0; end;
  create table shop.item (id bigint primary key, owner text not null, at timestamptz not null);
  insert into shop.item select g, 'ann', '2026-01-01 00:00:00.000001Z'::timestamptz + (g / 2) * interval '1 microsecond'
  from generate_series(1, 25) as g;
  create function shop.list(owner_in text, after_at_in timestamptz default null, after_id_in bigint default null, page_size_in integer default 100)
  returns table (id bigint, at timestamptz) language sql stable begin atomic
    select i.id, i.at from shop.item i
    where i.owner = owner_in and (after_at_in is null or (i.at, i.id) > (after_at_in, after_id_in))
    order by i.at, i.id limit page_size_in;
  end;
  create function shop.stuck(after_id_in bigint default null, page_size_in integer default 100) returns table (id bigint)
  language sql stable begin atomic select generate_series(1, page_size_in); end;
`);
const db = await connect({ writeUrl: database.url, namespaces: [contract] });

afterAll(async () => {
  await db.close();
  await database.drop();
});

async function idsOf(
  on: Pick<Database<[typeof contract]>, "iterate">,
  args: object,
  options?: object,
): Promise<bigint[]> {
  const ids: bigint[] = [];
  for await (const row of on.iterate.shop.list!(args, options)) ids.push((row as { id: bigint }).id);
  return ids;
}

const ALL = Array.from({ length: 25 }, (_, index) => BigInt(index + 1));

test("every row comes once, in order, whatever the page size", async () => {
  for (const pageSize of [1, 2, 5, 24, 25, 26, undefined])
    expect(await idsOf(db, { owner: "ann" }, { pageSize })).toEqual(ALL);
  expect(await idsOf(db, { owner: "nobody" })).toEqual([]);
});

test("a list in a transaction sees what the transaction wrote", async () => {
  await db.transaction(async (tx) => {
    await tx.query("insert into shop.item values (99, 'ann', '2027-01-01')");
    expect(await idsOf(tx, { owner: "ann" }, { pageSize: 10 })).toEqual([...ALL, 99n]);
    await tx.query("delete from shop.item where id = 99");
  });
});

test("who stops early asks for no further page", async () => {
  const list = db.iterate.shop.list!({ owner: "ann" }, { pageSize: 2 });
  expect((await list.next()).value).toMatchObject({ id: 1n });
  await list.return?.();
  expect(await list.next()).toEqual({ value: undefined, done: true });
});

test("a list that does not move on is an error, not an endless loop", async () => {
  const read = async (): Promise<void> => {
    for await (const _ of db.iterate.shop.stuck!({}, { pageSize: 3 }));
  };
  await expect(read()).rejects.toMatchObject({ code: "RESULT_INVALID" });
});

test("a page size out of range, or a misspelt option, is refused", () => {
  for (const options of [{ pageSize: 0 }, { pageSize: 10_001 }, { pagesize: 5 }])
    expect(() => db.iterate.shop.list!({ owner: "ann" }, options)).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID" }),
    );
});

test("where a page begins and how long it is are not the caller's to say among the arguments", () => {
  for (const [key, value] of Object.entries({ page_size: 4, after_id: 1n, after_at: null }))
    expect(() => db.iterate.shop.list!({ owner: "ann", [key]: value })).toThrow(
      `unknown argument ${key} of shop.list; `,
    );
});

test("a contract's lists can be read without having been listed, in a transaction too", async () => {
  const bare = await connect({ writeUrl: database.url, poolMax: 1 });
  expect(await idsOf({ iterate: bare.iterateOf(contract) }, { owner: "ann" })).toEqual(ALL);
  await bare.transaction(async (tx) => {
    expect(await idsOf({ iterate: tx.iterateOf(contract) }, { owner: "ann" })).toEqual(ALL);
  });
  await bare.close();
});

test("a list, and the procedure it is made of, are one prepared statement of a connection", async () => {
  const bare = await connect({ writeUrl: database.url, poolMax: 1 });
  for (let round = 0; round < 2; round += 1)
    await bare.transaction(async (tx) => {
      expect(await idsOf({ iterate: tx.iterateOf(contract) }, { owner: "ann" }, { pageSize: 25 })).toHaveLength(25);
      expect(await tx.procsOf(contract).shop.list!({ owner: "ann", page_size: 3 })).toHaveLength(3);
      const { rows } = await tx.query("select name from pg_prepared_statements where statement like '%list%'");
      expect(rows).toHaveLength(2);
    });
  await bare.close();
});
