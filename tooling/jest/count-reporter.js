import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Leaves a package's counts beside its configuration, for whoever adds up the whole run. Cached runs bring theirs back with them. */
export default class CountReporter {
  constructor(config) {
    this.rootDir = config.rootDir;
  }

  onRunComplete(_contexts, results) {
    const { numPassedTests: passed, numFailedTests, numPendingTests: skipped, numRuntimeErrorTestSuites } = results;
    const counts = { passed, failed: numFailedTests + numRuntimeErrorTestSuites, skipped };
    writeFileSync(join(this.rootDir, "test-results.json"), `${JSON.stringify(counts)}\n`);
  }
}
