// What a user's CI would do: `plinth-migrate apply`, then `verify`, on the gallery's database; and once more, to see that nothing is left to do.
import { install, pnpm, run } from "./install.mjs";

await install();
const built = await pnpm(
  ["exec", "turbo", "run", "build", "--filter=@plinth/gallery", "--filter=@plinth/migrate-cli"],
  { quiet: true },
);
if (built !== 0) process.exit(built);

const { startPostgres } = await import("../../packages/testing/dist/index.js");
const { prepareDatabase } = await import("../../apps/gallery/dist/operator.js");
const server = await startPostgres();
let failed = 0;
try {
  const { operator } = await prepareDatabase(server.url);
  const env = { ...process.env, MIGRATE_DATABASE_URL: operator };
  for (const command of [["lint"], ["plan"], ["apply"], ["verify", "--shadow"], ["status"], ["plan", "--exit-code"]]) {
    console.log(`\n$ plinth-migrate ${command.join(" ")}`);
    const code = await run(
      process.execPath,
      ["apps/migrate/bin/plinth-migrate.js", ...command, "--directory", "apps/gallery/migrations"],
      { env },
    );
    if (code !== 0) failed++;
  }
} finally {
  await server.close();
}
process.exitCode = failed === 0 ? 0 : 1;
