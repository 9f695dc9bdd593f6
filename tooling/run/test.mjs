// `npm test`: installs, builds, checks and tests everything. Starts what it needs, leaves nothing running.
// Arguments go to turbo: `npm test -- --filter=@plinth/db-core`, `npm test -- --force`.
import { closeWithCounts, forgetCounts } from "./counts.mjs";
import { install, pnpm } from "./install.mjs";

await install();
await forgetCounts();
const lint = await pnpm(["exec", "biome", "ci", "--error-on-warnings", "."]);
const tasks = ["build", "typecheck", "test", "--continue", "--output-logs=new-only"];
const tests = await pnpm(["exec", "turbo", "run", ...tasks, ...process.argv.slice(2)]);
closeWithCounts(tests, { lint });
