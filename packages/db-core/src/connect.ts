import { WorkInProgress } from "./closing.ts";
import { type ConnectOptions, connectSettings } from "./connect-options.ts";
import type { Contract } from "./contract.ts";
import type { Database, ProceduresDatabase } from "./database.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { reporter } from "./events.ts";
import { ServerConnections } from "./open-connections.ts";

/**
 * Connects to the primary, and to a replica if there is one, and checks that the database has what this code was built against. If that fails
 * nothing stays open.
 *
 * @throws {OptionError} Nothing was opened.
 * @throws {SchemaTooOldError} The database has to be migrated first.
 * @throws {ServerUnreachableError} Nobody answers at the primary's address.
 * @throws {AuthenticationError} The server knows no such role, or another password.
 * @throws {DatabaseMissingError} The server has no such database.
 * @throws {PermissionDeniedError} The role is no service's in this database.
 */
export function connect<
  const Contracts extends readonly Contract[] = readonly [],
  const Service extends string = string,
>(
  options: ConnectOptions<Contracts, Service> & { readonly proceduresOnly: true },
): Promise<ProceduresDatabase<Contracts, Service>>;
export function connect<
  const Contracts extends readonly Contract[] = readonly [],
  const Service extends string = string,
>(options?: ConnectOptions<Contracts, Service>): Promise<Database<Contracts, Service>>;
export async function connect(options: ConnectOptions = {}): Promise<unknown> {
  const settings = connectSettings(options);
  const work = new WorkInProgress();
  const connections = new ServerConnections(options, settings, work, process.env);
  const { namespaces = [], onEvent } = options;
  const database = new DatabaseHandle(connections, namespaces, settings.proceduresOnly, work, reporter(onEvent));
  // The connections that look are closed by then, whatever they found, and no others are opened before.
  await database.check();
  return database;
}
