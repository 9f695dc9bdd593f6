// node bench.mjs [--quick]. Whole processes from cold, against what they stand on: bare node, psql in one transaction.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { output, processMs, rounds } from "./measure.mjs";
import { large, tables, withDatabase } from "./workload.mjs";

const quick = process.argv.includes("--quick");
const server =
  process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const files = quick ? 50 : 1_000;
const count = quick ? 1 : Number(process.env.ROUNDS ?? 5);
const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const node = (name, ...args) => processMs(process.execPath, [script(name), ...args]);

const work = tables(files);
const psql = (url) => processMs("psql", ["-1", "-q", url, ...work.paths.flatMap((path) => ["-f", path])]);
const floor =
  spawnSync("psql", ["--version"]).error === undefined ? { "psql -1": () => withDatabase(server, psql) } : {};
if (floor["psql -1"] === undefined) console.log("psql is not installed: no floor for applying.");
const apply = await rounds(count, {
  ...floor,
  "a transaction a namespace": () => withDatabase(server, (url) => node("apply.mjs", url, work.directory)),
  "a transaction a file": () =>
    withDatabase(server, (url) => node("apply.mjs", url, work.directory, JSON.stringify({ transaction: "file" }))),
});
const noop = await withDatabase(server, async (url) => {
  await node("apply.mjs", url, work.directory);
  return rounds(quick ? 1 : 11, {
    "bare node, one query": () => node("bare.mjs", url),
    "nothing to do": () => node("apply.mjs", url, work.directory),
  });
});
work.remove();

const file = large(quick ? 5 : 50);
const kilobytes = await withDatabase(server, (url) =>
  output(process.execPath, [script("apply.mjs"), url, file.directory], { SHOW_MEMORY: "1" }),
);
file.remove();

const row = (what, ms, floor) => ({ what, ms: Math.round(ms), ratio: (ms / floor).toFixed(2) });
console.log(`node ${process.version}, ${files} files`);
console.table([
  ...Object.entries(noop).map(([what, ms]) => row(what, ms, noop["bare node, one query"])),
  ...Object.entries(apply).map(([what, ms]) => row(`apply all: ${what}`, ms, apply["psql -1"])),
]);
console.log(`one file of ${quick ? 5 : 50} MB: ${Math.round(Number(kilobytes) / 1024)} MB of memory at most`);
