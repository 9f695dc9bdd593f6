import { type Access, checkAccess, readAccess, rolesOf } from "./access.ts";
import { type ApplyOptions, type CheckedApplyOptions, checkApplyOptions } from "./apply-options.ts";
import type { MigrationDatabase } from "./connection.ts";
import type { MigrateEvent } from "./events.ts";
import { settleGrants } from "./grant-run.ts";
import type { GrantChange } from "./grants.ts";
import { EMPTY_LEDGER, type LedgerState, readLedger } from "./ledger.ts";
import { LEDGER_FORMAT } from "./ledger-format.ts";
import type { MigrationFile, Migrations } from "./migrations.ts";
import { comparePlan, type Plan } from "./plan.ts";
import { EditedError, LedgerMovedError, OutOfOrderError } from "./run-errors.ts";
import { type Runner, withRunner } from "./runner.ts";

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
 * settings it came with. One more connection is opened while files run, to see what blocks them and to cancel them.
 *
 * @throws {EditedError} An applied numbered file was edited. Nothing was run.
 * @throws {SqlFailureError} A statement failed. Its namespace is as it was (`kind` `failed`), or a file without a transaction stopped part-way (`partial`);
 * the namespaces before it are applied.
 * @throws {LockTimeoutError} Another migrator held the lock for all of `lockTimeoutMs`. Nothing was run since.
 * @throws {ContractError} Procedures are not what was promised. That namespace is as it was.
 * @throws {CancelledError} `signal` was aborted. What was not committed is not there.
 * @throws {AccessFileError} access.json can't be used or names a package that isn't in the graph (`kind` `usage`: nothing was run), or what the database does
 * not have (`contract`: the last namespace that had something to run is as it was).
 * @throws {GrantsError} A role has what no grant can put right, or a grant may not be changed. The files are applied.
 * @throws {PrivilegeError} Roles or rights are missing; all of them are listed. Nothing was run.
 * @throws {MigrateError} Of kind `connection`: not reachable, not a primary.
 * @throws {OptionError} Before anything was done.
 */
export async function apply(
  db: MigrationDatabase,
  migrations: Migrations,
  options: ApplyOptions = {},
): Promise<ApplyResult> {
  const checked = checkApplyOptions(options);
  const access = await accessOf(migrations, checked.access);
  const applied: AppliedFile[] = [];
  const onEvent = collectApplied(applied, checked.onEvent);
  return withRunner(db, { ...checked, ...rolesOf(access), onEvent }, async (runner) => {
    const { warnings, older } = await runPlans(runner, migrations, access, checked);
    // An older access.json would take away what a newer release was given.
    if (older) return { runId: runner.run.id, applied, grants: [], warnings };
    const settled = await settleGrants(runner, migrations, access);
    for (const message of settled.warnings) runner.onEvent({ type: "warning", message });
    return { runId: runner.run.id, applied, grants: settled.changes, warnings: [...warnings, ...settled.warnings] };
  });
}

/**
 * What to go by: what was given, or what lies beside the application's package.json.
 *
 * @throws {AccessFileError} It can't be used, or names a package that is not in the graph. Nothing was connected to.
 */
export async function accessOf(migrations: Migrations, given: Access | null | undefined): Promise<Access | undefined> {
  const access = given === undefined ? await readAccess(migrations.root.directory) : (given ?? undefined);
  if (access !== undefined) checkAccess(access, migrations);
  return access;
}

function collectApplied(applied: AppliedFile[], tell: CheckedApplyOptions["onEvent"]): (event: MigrateEvent) => void {
  const durations = new Map<MigrationFile, number>();
  return (event) => {
    if (event.type === "ran") durations.set(event.file, event.durationMs);
    if (event.type === "committed")
      applied.push(...event.files.map((file) => ({ file, durationMs: durations.get(file) ?? 0 })));
    tell(event);
  };
}

/** Plans and runs, and again from the start whenever somebody else changed the ledger in between, as happens behind a pooler. */
async function runPlans(
  runner: Runner,
  migrations: Migrations,
  access: Access | undefined,
  options: CheckedApplyOptions,
): Promise<{ readonly warnings: readonly string[]; readonly older: boolean }> {
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
    if (runner.session.missingRights !== undefined && plan.ahead.size === 0) throw runner.session.missingRights;
    const done = () => ({ warnings: [...told], older: plan.ahead.size > 0 });
    if (plan.pending.length === 0) return done();
    try {
      // Loaded only now: a run with nothing to do walks past it.
      const { runPlan } = await import("./plan-run.ts");
      await runPlan(runner, { plan, migrations, access, transaction: options.transaction });
      return done();
    } catch (error) {
      if (!(error instanceof LedgerMovedError)) throw error;
    }
  }
}

/** One round trip where the ledger is there and ours. */
async function readOrMakeLedger(runner: Runner, migrations: Migrations): Promise<LedgerState> {
  const { client, ledgerOwner, owner, actAsOwner } = runner.session;
  if (ledgerOwner === undefined && migrations.namespaces.every(({ files }) => files.length === 0)) return EMPTY_LEDGER;
  if (ledgerOwner === owner) {
    const ledger = await readLedger(client, actAsOwner);
    if (ledger.format >= LEDGER_FORMAT) return ledger;
  }
  const { ensureLedger } = await import("./ledger-upgrade.ts");
  await ensureLedger(runner);
  return readLedger(client, actAsOwner);
}

/** @throws {MigrateError} Nothing may run. */
function refuse(plan: Plan, strict: boolean): void {
  if (plan.edited.length > 0) throw new EditedError(plan.edited);
  const late = plan.pending.filter((planned) => planned.outOfOrder).map((planned) => planned.file);
  if (strict && late.length > 0) throw new OutOfOrderError(late);
}
