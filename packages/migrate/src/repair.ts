import { knownKeys, oneOf, text, wholeNumber } from "@plinth/db-core/errors";
import type { Access } from "./access.ts";
import { accessOf } from "./apply.ts";
import { checkSignal } from "./apply-options.ts";
import type { MigrationDatabase } from "./connection.ts";
import { beginFenced } from "./fence.ts";
import { type LedgerEntry, readLedger, recordRepair } from "./ledger.ts";
import type { MigrationFile, Migrations } from "./migrations.ts";
import { LedgerMovedError, RepairError } from "./run-errors.ts";
import { withRunner } from "./runner.ts";

/** What an operator has decided about one file, after looking at the database. */
export interface RepairAction {
  /**
   * `mark-applied`: all of the file is in effect, it is not to run. `mark-failed`: it counts as not applied, and the next run runs it from its first
   * statement. `accept-hash`: it was edited after it was applied, and the edit has no effect.
   */
  readonly type: "mark-applied" | "mark-failed" | "accept-hash";
  readonly namespace: string;
  readonly number: number;
}

/** How a repair is done. */
export interface RepairOptions {
  /** As for `apply`. */
  readonly access?: Access | null | undefined;
  /**
   * As for `apply`.
   *
   * @defaultValue `60_000`
   */
  readonly lockTimeoutMs?: number | undefined;
  /** Aborted: it waits for the lock no longer, nothing is written, `repair` rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** What was odd about a decision that was written. */
export interface RepairResult {
  readonly warnings: readonly string[];
}

/**
 * Writes a decision into the ledger, as a row of its own: nothing is removed. Runs no file. Under the lock.
 *
 * @throws {RepairError} The file is not in a state that the action is for. Nothing was written.
 * @throws {CancelledError} `signal` was aborted. Nothing was written.
 */
export async function repair(
  db: MigrationDatabase,
  migrations: Migrations,
  action: RepairAction,
  options: RepairOptions = {},
): Promise<RepairResult> {
  knownKeys(action, ["type", "namespace", "number"], "action");
  knownKeys(options, ["access", "lockTimeoutMs", "signal"]);
  oneOf("action.type", action.type, ["mark-applied", "mark-failed", "accept-hash"]);
  text("action.namespace", action.namespace, 1, 214);
  wholeNumber("action.number", action.number, 0, 999_999_999);
  const lockTimeoutMs = wholeNumber("lockTimeoutMs", options.lockTimeoutMs ?? 60_000, 0, 86_400_000);
  const access = await accessOf(migrations, options.access);
  const waits = {
    signal: checkSignal(options.signal),
    onEvent: () => {},
    lockTimeoutMs,
    statementLockTimeoutMs: 3_000,
  };
  return withRunner(db, { ...waits, ownerRole: access?.ownerRole, serviceRoles: [] }, async (runner) => {
    const { client, ledgerOwner, actAsOwner } = runner.session;
    if (ledgerOwner === undefined) {
      const { ensureLedger } = await import("./ledger-upgrade.ts");
      await ensureLedger(runner);
    }
    const ledger = await readLedger(client, actAsOwner);
    runner.generation = ledger.generation;
    const file = migrations.namespaces
      .find(({ name }) => name === action.namespace)
      ?.files.find(({ number }) => number === action.number);
    const entry = ledger.namespaces.get(action.namespace)?.get(action.number);
    const row = decide(action, file, entry);
    await beginFenced(runner).catch((error: unknown) => {
      throw error instanceof LedgerMovedError
        ? new RepairError("another migrator changed the ledger meanwhile: look again, and repair again", {
            cause: error,
          })
        : error;
    });
    await recordRepair(client, runner.run, row);
    await client.query("commit");
    return { warnings: warningsOf(action, file, entry) };
  });
}

/** A repeatable file may run again whenever somebody likes it to. */
function warningsOf(action: RepairAction, file: MigrationFile | undefined, entry: LedgerEntry | undefined): string[] {
  const sound =
    entry?.status === "applied" && entry.kind === "numbered" && (file === undefined || file.hash === entry.hash);
  if (action.type !== "mark-failed" || !sound) return [];
  return [
    `${action.namespace}:${action.number} was applied and nothing was known to be wrong with it: the next apply runs all of it again`,
  ];
}

/** The row to add. */
function decide(action: RepairAction, file: MigrationFile | undefined, entry: LedgerEntry | undefined) {
  const { type, namespace, number } = action;
  const which = `${namespace}:${number}`;
  const row = { namespace, number, name: file?.name ?? entry?.name ?? "", transactional: file?.transactional ?? true };
  if (type === "mark-failed") {
    if (entry === undefined || entry.status === "resolved")
      throw new RepairError(
        `mark-failed needs a file that was applied or stopped part-way; ${which} ${stateOf(entry)}`,
      );
    return { ...row, hash: entry.hash, status: "resolved" as const };
  }
  if (file === undefined) throw new RepairError(`there is no file ${which}: its hash can't be recorded`);
  if (type === "accept-hash") {
    if (entry?.status !== "applied" || entry.hash === file.hash)
      throw new RepairError(
        `accept-hash needs an applied file that was edited; ${which} ${stateOf(entry)}${entry?.status === "applied" ? ", and its text is the one that was applied" : ""}`,
      );
  } else {
    if (entry?.status === "applied")
      throw new RepairError(`${which} is applied already; accept-hash takes an edited file as it is`);
    if (entry === undefined && file.repeatable)
      throw new RepairError(`${which} is a repeatable file that never ran here; apply runs it`);
  }
  return { ...row, hash: file.hash, status: "applied" as const };
}

const STATES: Readonly<Record<LedgerEntry["status"], string>> = {
  applied: "is applied",
  resolved: "counts as not applied already: somebody marked it so",
  failed: "stopped part-way",
  running: "is running, or was interrupted",
};

function stateOf(entry: LedgerEntry | undefined): string {
  return entry === undefined ? "was never applied here" : STATES[entry.status];
}
