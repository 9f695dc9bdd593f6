// node bench.mjs [--quick]: other migrators on the files that @plinth/migrate is measured with, whole processes from cold, all in turns.
import { fileURLToPath } from "node:url";
import { processMs, rounds } from "../../packages/migrate/bench/measure.mjs";
import { tables, withDatabase } from "../../packages/migrate/bench/workload.mjs";
import { writeCommitted } from "./committed.mjs";

const quick = process.argv.includes("--quick");
const server =
  process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const files = quick ? 50 : 1_000;
const ours = fileURLToPath(new URL("../../packages/migrate/bench/apply.mjs", import.meta.url));
const peer = fileURLToPath(new URL("peer.mjs", import.meta.url));
const work = tables(files);
writeCommitted(work.directory, work.paths);

const contestants = {
  "@plinth/migrate": (url) => processMs(process.execPath, [ours, url, work.directory]),
  "@plinth/migrate, a transaction a file": (url) =>
    processMs(process.execPath, [ours, url, work.directory, JSON.stringify({ transaction: "file" })]),
};
for (const tool of ["node-pg-migrate", "graphile-migrate", "kysely", "postgres-migrations"])
  contestants[tool] = (url) => processMs(process.execPath, [peer, tool, url, work.directory]);

/** Both on one database of its own: everything to do, then nothing. */
const twice = (run) =>
  withDatabase(server, async (url) => {
    const applied = await run(url);
    return { applied, nothing: await run(url) };
  });
const count = quick ? 1 : Number(process.env.ROUNDS ?? 5);
const nothing = {};
const applied = await rounds(
  count,
  Object.fromEntries(
    Object.entries(contestants).map(([name, run]) => [
      name,
      async () => {
        const times = await twice(run);
        nothing[name] = Math.min(nothing[name] ?? Number.POSITIVE_INFINITY, times.nothing);
        return times.applied;
      },
    ]),
  ),
);
work.remove();
console.log(
  `node ${process.version}, ${files} files of one table: median of ${count} to apply all, best of ${count} with nothing to do, ms`,
);
console.table(
  Object.keys(contestants).map((what) => ({
    what,
    "apply all": Math.round(applied[what]),
    "nothing to do": Math.round(nothing[what]),
  })),
);
