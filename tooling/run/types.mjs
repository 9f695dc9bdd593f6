// `npm run types`: writes the generated callers of every package and application again; with --check, fails where one is stale;
// with --lock, also records what a release promises in procedures.lock.json.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { install, pnpm, root, run } from "./install.mjs";

await install();
const built = await pnpm(
  ["exec", "turbo", "run", "build", "--filter=@plinth/migrate-cli", "--filter=@plinth/testing"],
  { quiet: true },
);
if (built !== 0) process.exit(built);

const { startPostgres } = await import("../../packages/testing/dist/index.js");
const server = await startPostgres();
let failed = 0;
try {
  const namespaces = ["packages", "apps"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name, "migrations")))
    // The migrator's own ledger is no namespace.
    .filter((directory) => existsSync(join(root, directory, "namespaces.txt")));
  for (const directory of namespaces) {
    const command = ["apps/migrate/bin/plinth-migrate.js", "types", "--directory", directory, ...process.argv.slice(2)];
    const code = await run(process.execPath, command, { env: { ...process.env, MIGRATE_DATABASE_URL: server.url } });
    if (code !== 0) failed++;
  }
} finally {
  await server.close();
}
process.exitCode = failed === 0 ? 0 : 1;
