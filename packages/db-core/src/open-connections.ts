import type { Client } from "pg";
import type { WorkInProgress } from "./closing.ts";
import type { SessionSettings } from "./configured-client.ts";
import type { ConnectOptions, ConnectSettings } from "./connect-options.ts";
import type { Connections, Session } from "./connections.ts";
import { Server, type ServerOptions } from "./server.ts";
import { addressOfConfig, primaryAddress, replicaAddress } from "./server-address.ts";

/** How values are written: the reader of answers knows one way. A role or a database may have been set to another. */
const FORMATS: SessionSettings = {
  DateStyle: "ISO",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
};

/** The connections of one Database, to a primary and perhaps a replica. */
export class ServerConnections implements Connections {
  readonly primary: Server;
  readonly replica: Server | undefined;
  readonly #limits: SessionSettings;

  /** Opens nothing. @throws {OptionError} */
  constructor(options: ConnectOptions, settings: ConnectSettings, work: WorkInProgress, env: NodeJS.ProcessEnv) {
    const { pool, readPool } = options;
    this.#limits = limitsOf(options, settings);
    const shared = {
      ...settings,
      work,
      applicationName: options.service,
      contracts: options.namespaces ?? [],
      settings: { ...FORMATS, ...this.#limits },
    };
    const server = (own: Pick<ServerOptions, "address" | "pool">): Server => new Server({ ...shared, ...own });
    const address = pool === undefined ? primaryAddress(options.writeUrl, env) : addressOfConfig(pool.options);
    this.primary = server({ address, pool });
    if (readPool !== undefined) {
      this.replica = server({ address: addressOfConfig(readPool.options), pool: readPool });
    } else {
      // The environment's replica belongs to the environment's primary, not to a pool from elsewhere.
      const replica = replicaAddress(options.readUrl, pool === undefined ? env : {});
      this.replica = replica && server({ address: replica, pool: undefined });
    }
  }

  get poolerMode(): "none" | "transaction" {
    return this.primary.poolerMode;
  }

  get localSettings(): SessionSettings {
    return this.poolerMode === "none" && !this.primary.foreign ? {} : this.#limits;
  }

  async acquire(): Promise<Session> {
    return await this.primary.acquire();
  }

  async openDedicated(purpose: string): Promise<Client> {
    return await this.primary.openDedicated(purpose);
  }

  async close(how: "gently" | "at once"): Promise<void> {
    await Promise.all([this.primary.close(how), this.replica?.close(how)]);
  }
}

/** The limits that were asked for. A pool that was handed in has limits of its own; only what was said in so many words is put over them. */
function limitsOf(options: ConnectOptions, settings: ConnectSettings): SessionSettings {
  const own = options.pool === undefined;
  const limits: Record<string, string> = {};
  if (own || options.statementTimeoutMs !== undefined) limits.statement_timeout = String(settings.statementTimeoutMs);
  if (own || options.idleInTransactionTimeoutMs !== undefined)
    limits.idle_in_transaction_session_timeout = String(settings.idleInTransactionTimeoutMs);
  return limits;
}
