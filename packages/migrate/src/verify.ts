import { knownKeys, OptionError } from "@plinth/db-core/errors";
import type { ClientBase } from "pg";
import type { Access } from "./access.ts";
import { accessOf } from "./apply.ts";
import { checkSignal } from "./apply-options.ts";
import { compareFingerprints, readFingerprint } from "./catalog-fingerprint.ts";
import { type MigrationDatabase, openConnection } from "./connection.ts";
import type { LedgerState } from "./ledger.ts";
import type { MigrateError } from "./migrate-error.ts";
import type { Migrations } from "./migrations.ts";
import { comparePlan } from "./plan.ts";
import { readState } from "./read-state.ts";
import { CancelledError, EditedError } from "./run-errors.ts";
import { sessionFailure } from "./session.ts";
import { isFinding, type ReplayOptions, replay } from "./shadow.ts";
import { statusOf } from "./status.ts";
import { DriftError, StoppedFilesError } from "./verify-errors.ts";

/** What is verified. */
export interface VerifyOptions {
  /** As for `apply`. */
  readonly access?: Access | null | undefined;
  /**
   * Also run all migrations on an empty database and compare what comes out: `true` makes one beside the database and drops it, which needs CREATEDB; a
   * string is the URL of an empty one.
   *
   * @defaultValue `false`
   */
  readonly shadow?: boolean | string | undefined;
  /** Aborted: no further check begins, a replay is cancelled and its scratch database dropped, `verify` rejects. */
  readonly signal?: AbortSignal | undefined;
}

/** What `verify` found. */
export interface VerifyResult {
  /** Each with code, kind, places and hint. Empty: all that was looked at is as it should be. */
  readonly problems: readonly MigrateError[];
  /** What is odd and may be meant: pending files, files that are gone, an older checkout. */
  readonly warnings: readonly string[];
  /** Why `shadow` was asked for and nothing was compared, a sentence each. Empty: it was, or nobody asked. */
  readonly notCompared: readonly string[];
}

/**
 * Holds a database against its files: edited files, files that stopped part-way, promises of procedures, grants and, with `shadow`, everything that
 * the migrations make. Writes nothing into the database.
 *
 * Files that are pending, or a checkout that is older than the database, make something else than what is there: then nothing is replayed, and
 * `notCompared` says so. An older checkout's access.json is not held against the grants.
 *
 * @throws {MigrateError} Of kind `connection`: it could not be looked at; roles that are missing for that are listed.
 * @throws {CancelledError} `signal` was aborted. The scratch database is gone.
 */
export async function verify(
  db: MigrationDatabase,
  migrations: Migrations,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  knownKeys(options, ["access", "shadow", "signal"]);
  const { shadow = false } = options;
  if (typeof shadow !== "boolean" && typeof shadow !== "string")
    throw new OptionError("shadow", "true, false or the URL of an empty database", shadow);
  const signal = checkSignal(options.signal);
  const access = await accessOf(migrations, options.access);
  const { ledger, warnings } = await readState(db, migrations, access, "all");
  const connection = await openConnection(db);
  try {
    const { client } = connection;
    const { ahead, ...plan } = comparePlan(migrations, ledger);
    const notCompared = shadow === false ? [] : whyNot(plan.pending.length, ahead);
    const checks = [
      async () => verifyLedger(migrations, ledger),
      () => verifyContracts(client, migrations, access),
      ...(ahead.size === 0 ? [() => verifyGrants(client, migrations, access)] : []),
      ...(shadow !== false && notCompared.length === 0
        ? [() => verifyReplay(client, migrations, { url: shadow === true ? undefined : shadow, access, signal })]
        : []),
    ];
    const problems: MigrateError[] = [];
    for (const check of checks) {
      if (signal?.aborted) throw new CancelledError("failed", { cause: signal.reason });
      problems.push(...(await check().catch(asFinding)));
    }
    return { problems, warnings: [...warningsOf(migrations, ledger), ...warnings], notCompared };
  } catch (error) {
    throw sessionFailure(error);
  } finally {
    await connection.release(false);
  }
}

/** What the migrations make is what the database ought to have only where they are the ones that were applied. */
function whyNot(pending: number, ahead: ReadonlySet<string>): string[] {
  return [
    ...(pending === 0 ? [] : [`${files(pending)} pending: apply first`]),
    ...[...ahead].map((namespace) => `the database has newer files of ${namespace} than this checkout`),
  ];
}

function files(count: number): string {
  return `${count} ${count === 1 ? "file is" : "files are"}`;
}

function asFinding(error: unknown): MigrateError[] {
  if (!isFinding(error)) throw error;
  return [error];
}

function verifyLedger(migrations: Migrations, ledger: LedgerState): MigrateError[] {
  const { edited } = comparePlan(migrations, ledger);
  const { stopped } = statusOf(migrations, ledger);
  const onDisk = migrations.namespaces.flatMap(({ files }) => files);
  return [
    ...(edited.length === 0 ? [] : [new EditedError(edited)]),
    ...(stopped.length === 0 ? [] : [new StoppedFilesError(stopped, onDisk)]),
  ];
}

async function verifyContracts(
  client: ClientBase,
  migrations: Migrations,
  access: Access | undefined,
): Promise<MigrateError[]> {
  const { checkContracts } = await import("./batch-contract.ts");
  const { inTransaction } = await import("./grants.ts");
  return inTransaction(client, "begin isolation level repeatable read read only", async () => {
    await checkContracts(client, { migrations, access });
    return [];
  });
}

async function verifyGrants(
  client: ClientBase,
  migrations: Migrations,
  access: Access | undefined,
): Promise<MigrateError[]> {
  const { checkGrants } = await import("./grants.ts");
  await checkGrants(client, migrations, access);
  return [];
}

async function verifyReplay(
  client: ClientBase,
  migrations: Migrations,
  options: ReplayOptions,
): Promise<MigrateError[]> {
  const made = await replay(client, migrations, options);
  const drift = compareFingerprints(made, await readFingerprint(client));
  return drift.length === 0 ? [] : [new DriftError(drift)];
}

function warningsOf(migrations: Migrations, ledger: LedgerState): string[] {
  const { pending, ahead, warnings } = comparePlan(migrations, ledger);
  // What an older checkout does not have is newer than it, and not gone.
  const missing = statusOf(migrations, ledger).namespaces.filter(
    (each) => each.onDisk && each.missing > 0 && !ahead.has(each.namespace),
  );
  return [
    ...warnings,
    ...missing.map((each) => `${each.namespace}: ${applied(each.missing)} no longer there`),
    ...(pending.length === 0 ? [] : [`${files(pending.length)} pending`]),
  ];
}

function applied(count: number): string {
  return `${count} applied ${count === 1 ? "file is" : "files are"}`;
}
