// Calls by db.procs beside the same calls by bare pg, one table. See README.md for how to run it and what it does not measure.
import { parseArgs } from "node:util";
import { connect } from "@plinth/db-core";
import pg from "pg";
import { contract, openTarget } from "./calls-target.mjs";
import { median, table } from "./report.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});
const [rounds, seconds] = [Number(options.rounds), Number(options.seconds)];

const TEXTS = {
  read: "select id, owner, body, changed_at from bench.get_note(id_in => $1)",
  write: "select bench.put_note(id_in => $1, body_in => $2)",
};
const ROWS = 10_000;

const target = await openTarget(ROWS);
const db = await connect({ writeUrl: target.url, service: "bench" });
const procs = db.procsOf(contract).bench;
const client = new pg.Client({ connectionString: target.url });
await client.connect();
const pool = new pg.Pool({ connectionString: target.url, max: 10 });
// The database may be dropped before the last connection has ended.
pool.on("error", () => {});
client.on("error", () => {});

const nextId = () => 1 + Math.floor(Math.random() * ROWS);
const bareRead = (on) => on.query({ name: "get_note", text: TEXTS.read, values: [nextId()] });
const bareWrite = (on) => on.query({ name: "put_note", text: TEXTS.write, values: [nextId(), BODY] });
const BODY = JSON.stringify({ text: "changed" });

const plinthRead = () => procs.getNote({ id: nextId() });
const plinthWrite = () => procs.putNote({ id: nextId(), body: { text: "changed" } });

const cases = [
  { what: "read", callers: 1, bare: () => bareRead(client), plinth: plinthRead },
  { what: "read", callers: 10, bare: () => bareRead(pool), plinth: plinthRead },
  { what: "read", callers: 100, bare: () => bareRead(pool), plinth: plinthRead },
  { what: "write", callers: 1, bare: () => bareWrite(client), plinth: plinthWrite },
  { what: "write", callers: 10, bare: () => bareWrite(pool), plinth: plinthWrite },
  { what: "write", callers: 100, bare: () => bareWrite(pool), plinth: plinthWrite },
];

/** Calls per second, and user and system time of this process per call in microseconds. */
async function measure(call, callers, forMs) {
  let calls = 0;
  const until = performance.now() + forMs;
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < until) {
        await call();
        calls += 1;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { rate: (calls * 1000) / (performance.now() - startedAt), cpu: (user + system) / calls };
}

const results = cases.map(() => ({ bare: [], plinth: [] }));
for (const each of cases) for (const side of ["bare", "plinth"]) await measure(each[side], each.callers, 300);
for (let round = 0; round < rounds; round += 1) {
  for (const [index, each] of cases.entries()) {
    // Which of the two is first changes with the round.
    const sides = round % 2 === 0 ? ["bare", "plinth"] : ["plinth", "bare"];
    for (const side of sides) results[index][side].push(await measure(each[side], each.callers, seconds * 1000));
  }
}

const rows = cases.map(({ what, callers }, index) => {
  const { bare, plinth } = results[index];
  const ratios = (of) => median(plinth.map((each, round) => each[of] / bare[round][of]));
  const middle = (side, of) => median(side.map((each) => each[of]));
  return [
    what,
    callers,
    Math.round(middle(bare, "rate")),
    Math.round(middle(plinth, "rate")),
    ratios("rate").toFixed(2),
    middle(bare, "cpu").toFixed(1),
    middle(plinth, "cpu").toFixed(1),
    ratios("cpu").toFixed(2),
  ];
});
console.log(
  table(["call", "callers", "pg calls/s", "db.procs calls/s", "ratio", "pg CPU us", "db.procs CPU us", "ratio"], rows),
);

await db.close();
await client.end();
await pool.end();
await target.drop();
