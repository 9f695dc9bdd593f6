import { test } from "@jest/globals";
import { pgBouncerInstalled } from "@plinth/testing";

/** A test that needs a PgBouncer. Skipped, and said so, where none is installed. */
export function pooledTest(name: string, body: () => Promise<void>): void {
  if (pgBouncerInstalled()) test(name, body);
  else {
    console.log(`skipped, for no pgbouncer is installed: ${name}`);
    test.skip(name, body);
  }
}
