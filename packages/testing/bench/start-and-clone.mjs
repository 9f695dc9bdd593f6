// Prints how long the things take that every test file waits for. Run it after a build: node bench/start-and-clone.mjs

import pg from "pg";
import { createTestDatabase, spawnWorker, startPostgres, startReplica } from "../dist/index.js";

const TABLES = 60;
const ROUNDS = process.argv.includes("--quick") ? 1 : 9;

const schema = Array.from(
  { length: TABLES },
  (_, i) =>
    `create table t${i} (id bigint generated always as identity primary key, v text); create index on t${i} (v);`,
).join("\n");

async function query(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** The median and the range of some rounds of `work`, which returns what is to be undone, unmeasured, after each. */
async function measure(name, rounds, work) {
  const took = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    const undo = await work();
    took.push(performance.now() - began);
    await undo?.();
  }
  took.sort((a, b) => a - b);
  const [least, median, most] = [took[0], took[Math.floor(rounds / 2)], took[rounds - 1]].map(Math.round);
  console.log(`${name.padEnd(56)} ${String(median).padStart(6)} ms   (${least} to ${most})`);
}

const server = await startPostgres({ settings: { max_connections: 300 } });
const options = { key: `bench ${schema}`, prepare: (url) => query(url, schema), server: server.url };
await (await createTestDatabase(options)).drop();

await measure("startPostgres", ROUNDS, async () => {
  const another = await startPostgres();
  return () => another.close();
});
await measure("restart of a server", ROUNDS, () => server.restart());
await measure(`createTestDatabase, template of ${TABLES} tables there`, ROUNDS, async () => {
  const database = await createTestDatabase(options);
  return () => database.drop();
});
const database = await createTestDatabase(options);
await measure("truncate, nothing changed", ROUNDS, () => database.truncate());
const dirty = "insert into t1 (v) values ('a'); insert into t2 (v) values ('b'); insert into t3 (v) values ('c')";
await query(database.url, dirty);
await measure("truncate, three tables changed", ROUNDS, async () => {
  await database.truncate();
  return () => query(database.url, dirty);
});
await measure("startReplica", Math.min(ROUNDS, 3), async () => {
  const replica = await startReplica(server);
  return () => replica.close();
});
await measure("spawnWorker", ROUNDS, async () => {
  const worker = await spawnWorker(new URL("../src/fixtures/echo-worker.mjs", import.meta.url));
  await worker.message("ready");
  return () => worker.close();
});
await database.drop();
await server.close();
