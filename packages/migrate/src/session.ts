import { PlinthError } from "@plinth/db-core/errors";
import type { ClientBase } from "pg";
import { quoteName } from "./catalog/catalog-client.ts";
import { APPLICATION_NAME, type Connection, type MigrationDatabase, openConnection, sqlstateOf } from "./connection.ts";
import { ConnectionError, NotPrimaryError, PrivilegeError, ServerTooOldError } from "./connection-errors.ts";
import { MigrateError } from "./migrate-error.ts";
import { missingRights, type NeededRoles, type RightsFound, rightsSql } from "./missing-rights.ts";
import { quoteText } from "./quote-text.ts";

/** The connection that migrates, checked and set up. */
export interface Session {
  readonly client: ClientBase;
  /** Our own process on the server; behind a pooler, only that of the first statement. */
  readonly pid: number;
  /** Statements go to whichever server session is free: no session lock, nothing outside a transaction. */
  readonly pooled: boolean;
  /** What everything runs as; `undefined`: as the role that logged in. */
  readonly role: string | undefined;
  /** The role of the ledger's schema; `undefined`: there is no ledger yet. */
  readonly ledgerOwner: string | undefined;
  /** The role that everything will belong to. */
  readonly owner: string;
  /** Service roles that are not there, where there is a ledger: an older checkout does not miss them. */
  readonly missingRights: PrivilegeError | undefined;
  /** Begins what may not see what ran before it: role, search_path and time limits as they were, then ours. Ends in a semicolon. */
  prelude(scope: "local" | "session"): string;
  /** How many statements {@link prelude} is. */
  readonly preludeStatements: number;
  /** Makes the role the one that the ledger belongs to, until the transaction ends. */
  readonly actAsOwner: string;
  /** Gives the connection back as it came. Never throws: what went wrong before is what counts. */
  close(): Promise<void>;
}

const MAJOR_VERSION_MIN = 15;
// How soon the server notices that we are gone, while it runs a statement of ours: a killed migrator's lock is free within a second.
const CONNECTION_CHECK_MS = 500;

interface Preflight extends RightsFound {
  readonly pid: number;
  readonly version_number: number;
  readonly version: string;
  readonly platform: string;
  readonly standby: boolean;
  readonly read_only: boolean;
  readonly set_role: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
}

// What the caller has set in a session of its own. It takes a few milliseconds to look at them all.
const callersSettings = `coalesce(
    (
      select pg_catalog.json_agg(pg_catalog.json_build_array(s.name, pg_catalog.current_setting(s.name)))
      from pg_catalog.pg_settings s
      where s.source = 'session' and s.name not in ('role', 'session_authorization', 'transaction_read_only')
    ),
    '[]'
  )`;

// One round trip. Takes no lock.
const preflightSql = (roles: NeededRoles, own: boolean) =>
  rightsSql(
    roles,
    `
  pg_catalog.pg_backend_pid() as pid,
  pg_catalog.current_setting('server_version_num')::integer as version_number,
  pg_catalog.current_setting('server_version') as version,
  pg_catalog.version() as platform,
  pg_catalog.pg_is_in_recovery() as standby,
  pg_catalog.current_setting('transaction_read_only') = 'on' as read_only,
  pg_catalog.current_setting('role') as set_role,
  ${own ? "'[]'::json" : callersSettings} as settings,`,
  );

/** How the connection is checked and set up. */
export interface SessionOptions extends NeededRoles {
  readonly statementLockTimeoutMs: number;
}

/**
 * Opens or takes the connection, and checks all that can be known before anything is written.
 *
 * @throws {MigrateError} Of kind `connection`: not reachable, not a primary, too old, rights missing. Nothing was written.
 */
export async function openSession(db: MigrationDatabase, options: SessionOptions): Promise<Session> {
  const connection = await openConnection(db);
  try {
    const { rows } = await connection.client.query<Preflight>(preflightSql(options, connection.own));
    const found = rows[0]!;
    checkServer(found);
    checkRoles(found, options.ownerRole);
    const session = makeSession(connection, found, options);
    // Behind a pooler the server session is everybody's: settings are set in transactions only.
    if (!session.pooled)
      await connection.client.query(settingsSql("session", settingsOf(found, options.statementLockTimeoutMs)));
    return session;
  } catch (error) {
    await connection.release(!(error instanceof MigrateError));
    throw error instanceof MigrateError ? error : sessionFailure(error);
  }
}

function makeSession(connection: Connection, found: Preflight, options: SessionOptions): Session {
  const { client } = connection;
  const pooled = (client as { processID?: number | null }).processID !== found.pid;
  const callersRole = found.set_role === "none" ? undefined : found.set_role;
  const role = options.ownerRole ?? callersRole;
  const settings = settingsOf(found, options.statementLockTimeoutMs);
  const reset = "reset session authorization; reset role; reset all; ";
  let closing: Promise<void> | undefined;
  return {
    client,
    pid: found.pid,
    pooled,
    role,
    ledgerOwner: found.ledger_owner ?? undefined,
    owner: role ?? found.current_role,
    missingRights: missingRights(found, options.ownerRole),
    preludeStatements: 3 + (role === undefined ? 0 : 1) + settings.length,
    actAsOwner: role === undefined ? "set local role none; " : setRoleSql("local", role),
    prelude: (scope) => `${reset}${setRoleSql(scope, role)}${settingsSql(scope, settings)}`,
    close() {
      const restore = `${reset}${setRoleSql("session", callersRole)}${restoreSql(found.settings)}`;
      closing ??= giveBack(connection, connection.own || pooled ? "" : restore);
      return closing;
    },
  };
}

async function giveBack(connection: Connection, restore: string): Promise<void> {
  let broken = false;
  try {
    if (restore !== "") await connection.client.query(restore);
  } catch {
    // Lost, or left in a state that nobody should get.
    broken = true;
  }
  await connection.release(broken).catch(() => {});
}

function checkServer(found: Preflight): void {
  if (found.version_number < MAJOR_VERSION_MIN * 10_000)
    throw new ServerTooOldError(`expected Postgres ${MAJOR_VERSION_MIN} or later, found ${found.version}`);
  if (found.standby)
    throw new NotPrimaryError(`the server of database ${found.database} is a standby: it takes no writes`);
  if (found.read_only)
    throw new NotPrimaryError(`the session on database ${found.database} is read-only (default_transaction_read_only)`);
}

/** An older checkout may name services that are gone by now, and changes nothing: there, it is for the plan to say whether they are missed. */
function checkRoles(found: Preflight, ownerRole: string | undefined): void {
  const missing = missingRights(found, ownerRole);
  if (missing === undefined) return;
  const onlyServices = missing.statements.length === found.missing_services.length;
  if (!onlyServices || found.ledger_owner === null) throw missing;
}

function settingsOf(found: Preflight, lockTimeoutMs: number): readonly (readonly [string, string])[] {
  // Windows has no means to notice a connection that is gone, and refuses the setting.
  const noticesLoss = !/Visual C|mingw|windows/i.test(found.platform);
  return [
    ["application_name", APPLICATION_NAME],
    ["lock_timeout", `${lockTimeoutMs}ms`],
    ...(noticesLoss ? [["client_connection_check_interval", `${CONNECTION_CHECK_MS}ms`] as const] : []),
  ];
}

function settingsSql(scope: "local" | "session", settings: readonly (readonly [string, string])[]): string {
  return settings.map(([name, value]) => `set ${scope} ${name} to ${quoteText(value)}; `).join("");
}

/** `set` would take a list such as search_path's for one name. */
function restoreSql(settings: readonly (readonly [string, string])[]): string {
  return settings
    .map(([name, value]) => `select pg_catalog.set_config(${quoteText(name)}, ${quoteText(value)}, false); `)
    .join("");
}

function setRoleSql(scope: "local" | "session", role: string | undefined): string {
  return role === undefined ? "" : `set ${scope} role ${quoteName(role)}; `;
}

/** What the server, or the network, said when it was no statement of a file's. */
export function sessionFailure(error: unknown): Error {
  const sqlstate = sqlstateOf(error);
  if (error instanceof Error && (error instanceof PlinthError || (sqlstate === undefined && !isNetworkFailure(error))))
    return error;
  const said = error instanceof Error ? error.message : String(error);
  if (sqlstate === "42501")
    return new PrivilegeError(said, "give the migrating role the right, or use one that has it", { cause: error });
  if (sqlstate === "25006") return new NotPrimaryError(`the server takes no writes: ${said}`, { cause: error });
  // Of resources: too many connections, no memory, no disk.
  if (!isLoss(sqlstate) && !sqlstate?.startsWith("53")) return error as Error;
  return new ConnectionError(`the connection to the database was lost, or the server could not go on: ${said}`, {
    cause: error,
    ...(sqlstate === undefined ? {} : { sqlstate }),
    hint: "run again: what was not committed is not there, and the ledger knows what was",
  });
}

/** What pg and Node call a connection that is gone. */
function isNetworkFailure(error: Error): boolean {
  return (
    /^Connection terminated|^Client (was closed|has encountered)|not queryable/.test(error.message) ||
    "syscall" in error
  );
}

/** The server ended the session, or went away. */
export function isLoss(sqlstate: string | undefined): boolean {
  return sqlstate === undefined || sqlstate.startsWith("08") || /^57P0[1-5]$/.test(sqlstate);
}
