// Adds up what every package's tests counted. The jest preset leaves a file with the counts beside each package's configuration.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./install.mjs";

function resultFiles() {
  return ["packages", "apps", "tooling"]
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name, "test-results.json")))
    .filter((file) => existsSync(file));
}

/** Forgets the counts of an earlier run. */
export async function forgetCounts() {
  await Promise.all(resultFiles().map((file) => rm(file, { force: true })));
}

/** Prints the closing line, and sets the exit code. `others`: exit codes of what ran beside the tests; each that is not 0 is one failure. */
export function closeWithCounts(testsCode, others = {}) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of resultFiles()) {
    const counts = JSON.parse(readFileSync(file, "utf8"));
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  for (const [what, code] of Object.entries({
    // A build or a type check that failed left no count: it must not make the line below look whole.
    "a build or a type check": total.failed === 0 ? testsCode : 0,
    ...others,
  })) {
    if (code === 0) continue;
    console.log(`${what} failed: see above`);
    total.failed++;
  }
  console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}
