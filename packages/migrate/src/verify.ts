import { knownKeys, OptionError } from "@plinth/db-core/errors";
import type { ClientBase } from "pg";
import type { Access } from "./access.ts";
import { accessOf } from "./apply.ts";
import { compareFingerprints, readFingerprint } from "./catalog-fingerprint.ts";
import { type MigrationDatabase, openConnection } from "./connection.ts";
import type { LedgerState } from "./ledger.ts";
import type { MigrateError } from "./migrate-error.ts";
import type { Migrations } from "./migrations.ts";
import { comparePlan } from "./plan.ts";
import { readState } from "./read-state.ts";
import { EditedError } from "./run-errors.ts";
import { sessionFailure } from "./session.ts";
import { isFinding, replay } from "./shadow.ts";
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
}

/** What `verify` found. */
export interface VerifyResult {
  /** Each with code, kind, places and hint. Empty: all is as it should be. */
  readonly problems: readonly MigrateError[];
  /** What is odd and may be meant: pending files, files that are gone. */
  readonly warnings: readonly string[];
}

/**
 * Holds a database against its files: edited files, files that stopped part-way, promises of procedures, grants and, with `shadow`, everything that
 * the migrations make. Writes nothing into the database.
 *
 * @throws {MigrateError} Of kind `connection`: it could not be looked at.
 */
export async function verify(
  db: MigrationDatabase,
  migrations: Migrations,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  knownKeys(options, ["access", "shadow"]);
  const { shadow = false } = options;
  if (typeof shadow !== "boolean" && typeof shadow !== "string")
    throw new OptionError("shadow", "true, false or the URL of an empty database", shadow);
  const access = await accessOf(migrations, options.access);
  const ledger = await readState(db, access?.ownerRole);
  const connection = await openConnection(db);
  try {
    const pending = comparePlan(migrations, ledger).pending.length;
    const checks = [
      async () => verifyLedger(migrations, ledger),
      () => verifyContracts(connection.client, migrations, access),
      ...(shadow !== false && pending === 0 ? [() => verifyReplay(connection.client, migrations, access, shadow)] : []),
    ];
    const problems: MigrateError[] = [];
    for (const check of checks) problems.push(...(await check().catch(asFinding)));
    return { problems, warnings: [...warningsOf(migrations, ledger), ...skipped(shadow !== false, pending)] };
  } catch (error) {
    throw sessionFailure(error);
  } finally {
    await connection.release(false);
  }
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

/** Promises and grants: each is looked at even if the other is broken. */
async function verifyContracts(
  client: ClientBase,
  migrations: Migrations,
  access: Access | undefined,
): Promise<MigrateError[]> {
  const { checkContracts } = await import("./batch-contract.ts");
  const { checkGrants, inTransaction } = await import("./grants.ts");
  const contracts = () =>
    inTransaction(client, "begin isolation level repeatable read read only", async () => {
      await checkContracts(client, { migrations, access });
      return [];
    });
  const grants = async () => {
    await checkGrants(client, migrations, access);
    return [];
  };
  return [...(await contracts().catch(asFinding)), ...(await grants().catch(asFinding))];
}

async function verifyReplay(
  client: ClientBase,
  migrations: Migrations,
  access: Access | undefined,
  shadow: true | string,
): Promise<MigrateError[]> {
  const made = await replay(client, migrations, { url: shadow === true ? undefined : shadow, access });
  const drift = compareFingerprints(made, await readFingerprint(client));
  return drift.length === 0 ? [] : [new DriftError(drift)];
}

function warningsOf(migrations: Migrations, ledger: LedgerState): string[] {
  const missing = statusOf(migrations, ledger)
    .namespaces.filter((each) => each.onDisk && each.missing > 0)
    .map((each) => `${each.namespace}: ${each.missing} applied files are no longer there`);
  return [...comparePlan(migrations, ledger).warnings, ...missing];
}

function skipped(asked: boolean, pending: number): string[] {
  return asked && pending > 0 ? [`${pending} files are pending: apply them before what they make can be compared`] : [];
}
