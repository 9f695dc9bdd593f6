import type { Access } from "./access.ts";
import { ATTEMPTS_MAX, isContention, waitToRetry } from "./attempts.ts";
import { sqlstateOf } from "./connection.ts";
import { type AlignedGrants, alignGrants } from "./grants.ts";
import type { Migrations } from "./migrations.ts";
import type { Runner } from "./runner.ts";

/** Puts the grants right and asserts the result, also when no file was pending: access.json may have changed, or somebody's hand. */
export async function settleGrants(
  runner: Runner,
  migrations: Migrations,
  access: Access | undefined,
): Promise<AlignedGrants> {
  const { client, pooled } = runner.session;
  if (!pooled) await client.query(runner.session.prelude("session"));
  for (let attempt = 1; ; attempt++) {
    try {
      const aligned = await alignGrants(client, migrations, access);
      if (aligned.changes.length > 0) runner.onEvent({ type: "granted", changes: aligned.changes });
      return aligned;
    } catch (error) {
      if (attempt > ATTEMPTS_MAX || !(isContention(error) || isRace(error))) throw error;
      await waitToRetry(runner, undefined, attempt, error);
    }
  }
}

/** Two migrators behind a pooler grant the same thing at once: `tuple concurrently updated` has no SQLSTATE of its own. */
function isRace(error: unknown): boolean {
  return sqlstateOf(error) === "XX000" && error instanceof Error && error.message.includes("concurrently");
}
