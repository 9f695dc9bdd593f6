// `npm test`: installs, builds, checks and tests everything. Starts what it needs, leaves nothing running.
// Arguments go to turbo: `npm test -- --filter=@plinth/db-core`, `npm test -- --force`.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { install, pnpm, root } from "./install.mjs";

await install();

const lint = await pnpm(["exec", "biome", "ci", "--error-on-warnings", "."]);
const results = resultFiles();
await Promise.all(results.map((file) => rm(file, { force: true })));
const tests = await pnpm([
  "exec",
  "turbo",
  "run",
  "build",
  "typecheck",
  "test",
  "--continue",
  "--output-logs=new-only",
  ...process.argv.slice(2),
]);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of resultFiles()) {
  const counts = JSON.parse(readFileSync(file, "utf8"));
  for (const key of Object.keys(total)) total[key] += counts[key];
}
if (lint !== 0) console.log("lint failed: see above");
if (tests !== 0 && total.failed === 0) console.log("a build or a type check failed: see above");
// A failed lint, build or type check counts as one failure, so that the line below never calls a broken tree whole.
const failed = total.failed + (lint === 0 ? 0 : 1) + (tests !== 0 && total.failed === 0 ? 1 : 0);
console.log(`${total.passed} passed, ${failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;

function resultFiles() {
  return ["packages", "apps", "tooling"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name, "test-results.json")))
    .filter((file) => existsSync(file));
}
