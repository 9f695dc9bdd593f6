import { randomUUID } from "node:crypto";
import { type Access, readAccess } from "./access.ts";
import { lockSession } from "./advisory-lock.ts";
import { type ApplyOptions, type CheckedApplyOptions, checkApplyOptions } from "./apply-options.ts";
import type { MigrationDatabase } from "./connection.ts";
import { LedgerMovedError } from "./fence.ts";
import { type GrantChange, settleGrants } from "./grant-run.ts";
import { EMPTY_LEDGER, type LedgerState, readLedger } from "./ledger.ts";
import { ensureLedger, LEDGER_FORMAT } from "./ledger-format.ts";
import type { MigrationFile, Migrations } from "./migrations.ts";
import { Monitor } from "./monitor.ts";
import { comparePlan, type Plan } from "./plan.ts";
import { CancelledError, EditedError, OutOfOrderError } from "./run-errors.ts";
import type { Runner } from "./runner.ts";
import { openSession, type Session, sessionFailure } from "./session.ts";
import { toolVersion } from "./tool-version.ts";

/** A file that this run applied. */
export interface AppliedFile {
  readonly file: MigrationFile;
  readonly durationMs: number;
}

/** What a run did. */
export interface ApplyResult {
  /** As the ledger has it. */
  readonly runId: string;
  /** In the order in which they ran; all of it is committed. */
  readonly applied: readonly AppliedFile[];
  /** What was granted and revoked. */
  readonly grants: readonly GrantChange[];
  readonly warnings: readonly string[];
}

/**
 * Brings the database to what the files say. Safe to call from everywhere at once: one at a time runs, the others wait and find nothing to do.
 *
 * The pending files of a namespace are one transaction, ledger rows included. What was handed in as `db` is never closed, and is given back with the
 * settings it came with.
 *
 * @throws {EditedError} An applied numbered file was edited. Nothing was run.
 * @throws {SqlFailureError} A statement failed. Its namespace is as it was (`kind` `failed`), or a file without a transaction stopped part-way (`partial`);
 * the namespaces before it are applied.
 * @throws {LockTimeoutError} Another migrator held the lock for all of `lockTimeoutMs`. Nothing was run since.
 * @throws {ContractError} Procedures are not what was promised. That namespace is as it was.
 * @throws {CancelledError} `signal` was aborted. What was not committed is not there.
 * @throws {MigrateError} Of kind `connection`: not reachable, not a primary, rights missing.
 * @throws {OptionError} Before anything was done.
 */
export async function apply(
  db: MigrationDatabase,
  migrations: Migrations,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  const checked = checkApplyOptions(options);
  if (checked.signal?.aborted) throw new CancelledError("failed", { cause: checked.signal.reason });
  const access = await accessOf(migrations, checked.access);
  const session = await openSession(db, {
    ownerRole: access?.ownerRole,
    lockTimeoutMs: checked.statementLockTimeoutMs,
  });
  try {
    const unlock = await lockSession(session, checked);
    try {
      return await run(session, migrations, access, checked);
    } finally {
      await unlock();
    }
  } catch (error) {
    throw checked.signal?.aborted && !(error instanceof CancelledError)
      ? cancelled(error, checked.signal)
      : sessionFailure(error);
  } finally {
    await session.close();
  }
}

/** What to go by: what was given, or what lies beside the application's package.json. */
export async function accessOf(migrations: Migrations, given: Access | null | undefined): Promise<Access | undefined> {
  return given === undefined ? readAccess(migrations.root.directory) : (given ?? undefined);
}

async function run(
  session: Session,
  migrations: Migrations,
  access: Access | undefined,
  options: CheckedApplyOptions,
): Promise<ApplyResult> {
  let file: MigrationFile | undefined;
  const durations = new Map<MigrationFile, number>();
  const applied: AppliedFile[] = [];
  const runner: Runner = {
    session,
    run: { id: randomUUID(), toolVersion },
    monitor: new Monitor(session.client, {
      signal: options.signal,
      statementLockTimeoutMs: options.statementLockTimeoutMs,
      onBlocked: (by) => options.onEvent({ type: "blocked", file, by }),
    }),
    signal: options.signal,
    onEvent: (event) => {
      if (event.type === "started") file = event.file;
      if (event.type === "ran") durations.set(event.file, event.durationMs);
      if (event.type === "committed")
        applied.push(...event.files.map((each) => ({ file: each, durationMs: durations.get(each) ?? 0 })));
      options.onEvent(event);
    },
    timeoutMs: options.lockTimeoutMs,
    statementLockTimeoutMs: options.statementLockTimeoutMs,
    generation: 0n,
  };
  try {
    const warnings = await runPlans(runner, migrations, access, options);
    const settled = await settleGrants(runner, migrations, access);
    for (const message of settled.warnings) options.onEvent({ type: "warning", message });
    return { runId: runner.run.id, applied, grants: settled.changes, warnings: [...warnings, ...settled.warnings] };
  } finally {
    await runner.monitor.close();
  }
}

/** Plans and runs, and again from the start whenever somebody else changed the ledger in between, as happens behind a pooler. */
async function runPlans(
  runner: Runner,
  migrations: Migrations,
  access: Access | undefined,
  options: CheckedApplyOptions,
): Promise<readonly string[]> {
  const told = new Set<string>();
  for (;;) {
    const ledger = await readOrMakeLedger(runner, migrations);
    runner.generation = ledger.generation;
    const plan = comparePlan(migrations, ledger);
    for (const message of plan.warnings) {
      if (!told.has(message)) runner.onEvent({ type: "warning", message });
      told.add(message);
    }
    refuse(plan, options.strict);
    if (plan.pending.length === 0) return [...told];
    try {
      const { runPlan } = await import("./plan-run.ts");
      await runPlan(runner, { plan, migrations, access, transaction: options.transaction });
      return [...told];
    } catch (error) {
      if (!(error instanceof LedgerMovedError)) throw error;
    }
  }
}

async function readOrMakeLedger(runner: Runner, migrations: Migrations): Promise<LedgerState> {
  const { session } = runner;
  if (session.ledgerOwner === undefined || session.ledgerOwner !== session.owner) {
    if (session.ledgerOwner === undefined && migrations.namespaces.every(({ files }) => files.length === 0))
      return EMPTY_LEDGER;
    await ensureLedger(runner);
  }
  const ledger = await readLedger(session.client, session.actAsOwner);
  if (ledger.format >= LEDGER_FORMAT) return ledger;
  await ensureLedger(runner);
  return readLedger(session.client, session.actAsOwner);
}

/** @throws {MigrateError} Nothing may run. */
function refuse(plan: Plan, strict: boolean): void {
  if (plan.edited.length > 0) throw new EditedError(plan.edited);
  const late = plan.pending.filter((planned) => planned.outOfOrder).map((planned) => planned.file);
  if (strict && late.length > 0) throw new OutOfOrderError(late);
}

function cancelled(error: unknown, signal: AbortSignal): CancelledError {
  const partial = typeof error === "object" && error !== null && Reflect.get(error, "kind") === "partial";
  return new CancelledError(partial ? "partial" : "failed", { cause: signal.reason });
}
