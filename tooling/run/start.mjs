// `npm start`: the first run. Installs, builds the example and what it stands on, and runs it.
import { install, pnpm, run } from "./install.mjs";

await install();
const built = await pnpm(
  ["exec", "turbo", "run", "build", "--filter=@plinth/gallery", "--output-logs=errors-only", "--log-prefix=none"],
  { quiet: true },
);
if (built !== 0) process.exit(built);
process.exitCode = await run(process.execPath, ["apps/gallery/dist/main.js", ...process.argv.slice(2)]);
