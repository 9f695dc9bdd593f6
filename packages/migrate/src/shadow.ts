import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import type { Access } from "./access.ts";
import { apply } from "./apply.ts";
import { quoteName } from "./catalog/catalog-client.ts";
import { type CatalogFingerprint, readFingerprint } from "./catalog-fingerprint.ts";
import { openConnection, openSibling } from "./connection.ts";
import { MigrateError } from "./migrate-error.ts";
import type { Migrations } from "./migrations.ts";
import { CancelledError, SqlFailureError } from "./run-errors.ts";
import { ScratchDatabaseError } from "./scratch-database-error.ts";
import { ReplayError } from "./verify-errors.ts";

/** Where and as whom the migrations are run again. */
export interface ReplayOptions {
  /** Of an empty database; `undefined`: one is made. */
  readonly url: string | undefined;
  readonly access: Access | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * What the migrations make of an empty database: all of them are run on a scratch database beside `client`'s own, which is dropped, or on the empty one
 * at `url`, which is emptied again.
 *
 * @throws {ReplayError} They can't be run from the start.
 * @throws {ScratchDatabaseError} No database may be made, or the one at `url` isn't empty.
 */
export async function replay(
  client: ClientBase,
  migrations: Migrations,
  options: ReplayOptions,
): Promise<CatalogFingerprint> {
  if (options.url === undefined)
    return onScratch(client, options.access, (scratch) => migrateAndRead(scratch, migrations, options));
  const connection = await openConnection(options.url);
  try {
    return await onEmpty(connection.client, () => migrateAndRead(connection.client, migrations, options));
  } finally {
    await connection.release(false);
  }
}

async function migrateAndRead(
  scratch: ClientBase,
  migrations: Migrations,
  { access, signal }: ReplayOptions,
): Promise<CatalogFingerprint> {
  try {
    await apply(scratch, migrations, { access: access ?? null, signal });
  } catch (error) {
    throw error instanceof SqlFailureError ? new ReplayError(error) : error;
  }
  return readFingerprint(scratch);
}

async function onScratch(
  client: ClientBase,
  access: Access | undefined,
  work: (scratch: ClientBase) => Promise<CatalogFingerprint>,
): Promise<CatalogFingerprint> {
  // Named after the database, so that one which a killed run left behind is known for what it is.
  const { rows } = await client.query<{ name: string }>("select pg_catalog.left(current_database(), 38) as name");
  const scratchName = `${rows[0]?.name}_shadow_${randomBytes(8).toString("hex")}`;
  const name = quoteName(scratchName);
  await client.query(`create database ${name}`).catch((error: unknown) => {
    const message = `no scratch database could be made: ${(error as Error).message}`;
    throw new ScratchDatabaseError(message, HINT, { cause: error });
  });
  try {
    const owner = access?.ownerRole;
    if (owner !== undefined) await client.query(`grant create on database ${name} to ${quoteName(owner)}`);
    const scratch = await openSibling(client, scratchName);
    try {
      return await work(scratch);
    } finally {
      await scratch.end();
    }
  } finally {
    await client.query(`drop database ${name} with (force)`);
  }
}

const HINT = "give the role CREATEDB, or give shadow the URL of an empty database";

const SCHEMAS = `
select n.nspname::text as name
from pg_catalog.pg_namespace n
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;

async function onEmpty(client: ClientBase, work: () => Promise<CatalogFingerprint>): Promise<CatalogFingerprint> {
  const found = [...(await readFingerprint(client)).keys()].filter((key) => key !== "schema public");
  const schemas = await client.query<{ name: string }>(SCHEMAS);
  const before = schemas.rows.map(({ name }) => name);
  if (found.length > 0 || before.some((name) => name !== "public"))
    throw new ScratchDatabaseError(`the database to replay on is not empty: it has ${found[0] ?? before[0]}`, HINT);
  try {
    return await work();
  } finally {
    const { rows } = await client.query<{ name: string }>(SCHEMAS);
    for (const { name } of rows) {
      await client.query(`drop schema ${quoteName(name)} cascade`);
      if (name === "public" && before.includes(name)) await client.query("create schema public");
    }
  }
}

/** Whether an error is a finding of the replay, and not a reason why there was none. */
export function isFinding(error: unknown): error is MigrateError {
  if (error instanceof CancelledError) return false;
  return error instanceof MigrateError && error.kind !== "connection" && error.kind !== "usage";
}
