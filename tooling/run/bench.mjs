// `npm run bench`: every benchmark, one after another, on a Postgres of their own. `-- --quick` runs each once with small counts, so that none rots.
import { install, pnpm, run } from "./install.mjs";

const quick = process.argv.includes("--quick");
const BENCHMARKS = [
  { script: "packages/db-core/bench/calls.mjs", quickly: ["--rounds", "1", "--seconds", "1"] },
  { script: "packages/db-core/bench/coalesce.mjs", quickly: ["--quick"] },
  { script: "packages/db-core/bench/types.mjs", quickly: ["--rounds", "1"] },
  { script: "packages/migrate/bench/bench.mjs", quickly: ["--quick"] },
  { script: "apps/migrate/bench/cold-start.mjs", quickly: ["--quick"] },
  { script: "tooling/migrate-bench/bench.mjs", quickly: ["--quick"] },
  { script: "packages/testing/bench/start-and-clone.mjs", quickly: ["--quick"] },
];

await install();
const built = await pnpm(["exec", "turbo", "run", "build"], { quiet: true });
if (built !== 0) process.exit(built);

const { startPostgres } = await import("../../packages/testing/dist/index.js");
// With fsync, as a server that keeps things has it.
const server = await startPostgres({ settings: { fsync: "on", max_connections: 200, shared_buffers: "512MB" } });
let failed = 0;
try {
  for (const { script, quickly } of BENCHMARKS) {
    console.log(`\n== ${script}`);
    const env = { ...process.env, TEST_DATABASE_URL: server.url };
    if ((await run(process.execPath, [script, ...(quick ? quickly : [])], { env })) !== 0) failed++;
  }
} finally {
  await server.close();
}
process.exitCode = failed === 0 ? 0 : 1;
