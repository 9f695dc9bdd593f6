// Concurrent writes of one row each: bare pg against a Coalescer. Prints one table. TEST_DATABASE_URL, or the embedded server.
import { createTestDatabase } from "@plinth/testing";
import pg from "pg";
import { Coalescer } from "../dist/coalescer.js";

const SECONDS = process.argv.includes("--quick") ? 0.3 : 2;
const KEYS = 10_000;

const SCHEMA = `
create table item (
  key text primary key,
  value integer not null
)
with (fillfactor = 50);

create function set_item(key_in text, value_in integer) returns table (key text, value integer)
language sql volatile
begin atomic
  insert into item values (key_in, value_in)
  on conflict (key) do update set value = excluded.value
  returning item.key, item.value;
end;

create function set_items(keys_in text[], values_in integer[]) returns table (key text, value integer)
language sql volatile
begin atomic
  insert into item select u.key, u.value from unnest(keys_in, values_in) as u (key, value)
  on conflict (key) do update set value = excluded.value
  returning item.key, item.value;
end;
`;

const BARE = "select r.key, r.value from set_item($1, $2) as r";
const BATCH = `
select r.key, r.value
from (select set_config('lock_timeout', $3, true) as value) as g
cross join lateral (select f.key, f.value from set_items($1, $2) as f where g.value is not null offset 0) as r`;

const database = await createTestDatabase({ key: "empty", prepare: async () => {} });
const pool = new pg.Pool({ connectionString: database.url, max: 10 });
await pool.query(SCHEMA);
let batches = 0;
const coalescer = new Coalescer({
  key: ({ key }) => key,
  sizeBytes: ({ key }) => key.length + 8,
  keyOf: ({ key }) => key,
  run: async (items, lockWait) => {
    batches += 1;
    const values = [items.map(({ key }) => key), items.map(({ value }) => value), lockWait === "brief" ? "50ms" : "0"];
    return (await pool.query({ name: "batch", text: BATCH, values })).rows;
  },
});

const ways = {
  "bare pg, pool of 10": ({ key, value }) => pool.query({ name: "bare", text: BARE, values: [key, value] }),
  coalesced: (item) => coalescer.run(item),
};

console.log("| way | callers | calls/s | client CPU us/call | calls a batch |\n| --- | ---: | ---: | ---: | ---: |");
for (const callers of [1, 10, 100]) {
  for (const [name, write] of Object.entries(ways)) {
    await measure(callers, write, 0.5);
    console.log(`| ${name} | ${callers} | ${await measure(callers, write, SECONDS)} |`);
  }
}
await pool.end();
await database.drop();

async function measure(callers, write, seconds) {
  let calls = 0;
  batches = 0;
  const end = performance.now() + seconds * 1000;
  const cpu = process.cpuUsage();
  const caller = async (first) => {
    for (let at = first; performance.now() < end; at += callers) {
      await write({ key: `key${at % KEYS}`, value: at });
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  const { user, system } = process.cpuUsage(cpu);
  const perBatch = batches === 0 ? "" : (calls / batches).toFixed(1);
  return [Math.round(calls / seconds), ((user + system) / calls).toFixed(0), perBatch].join(" | ");
}
