import { type Client, type ClientBase, Pool, type PoolClient } from "pg";
import { Call, type Sender } from "./call.ts";
import { WorkInProgress } from "./closing.ts";
import { clientConfig, configuredClient, type SessionSettings } from "./configured-client.ts";
import type { ReadTarget, Session } from "./connections.ts";
import type { Contract } from "./contract.ts";
import type { QueryResult } from "./database.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { Lanes } from "./lanes.ts";
import { PoolBusyError } from "./pool-busy-error.ts";
import { PoolSender } from "./pool-sender.ts";
import { detectPooler, type PoolerMode } from "./pooler.ts";
import type { CompiledProcedure } from "./procedure.ts";
import type { ServerAddress } from "./server-address.ts";
import { takeSession } from "./session.ts";
import { toConnectError } from "./to-database-error.ts";
import { checkVersions } from "./versions.ts";

/** What the connections to one server are made with. */
export interface ServerOptions {
  readonly address: ServerAddress;
  /** The caller's own pool, on which everything runs, and which is never closed. */
  readonly pool: Pool | undefined;
  readonly pooler: "auto" | "none" | "transaction";
  readonly applicationName: string | undefined;
  readonly contracts: readonly Contract[];
  readonly poolMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Sent when a connection is opened, where no pooler would take offence. */
  readonly settings: SessionSettings;
  readonly prepare: boolean;
  readonly pipeline: boolean;
  /** Counts the calls. */
  readonly work: WorkInProgress;
}

/** Never closed. */
const NOT_COUNTED = new WorkInProgress();

/** What there is once it is known whether a pooler stands in between. */
interface Transport {
  readonly pool: Pool;
  readonly named: boolean;
  readonly single: Sender;
  readonly lanes: Lanes | undefined;
}

/** The connections to one server: a pool, and lanes for reads. Nothing is opened before the first probe. */
export class Server implements ReadTarget {
  readonly #options: ServerOptions;
  readonly toConnectError: (error: Error) => Error = (error) => this.#connectError(error);
  #poolerMode: PoolerMode | undefined;
  #transport: Transport | undefined;
  #closed = false;
  readonly #pooled: Set<PoolClient> = new Set();

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get address(): ServerAddress {
    return this.#options.address;
  }

  /** Known after a probe. */
  get poolerMode(): PoolerMode {
    return this.#poolerMode ?? "transaction";
  }

  /** Whether everything runs on a pool of the caller's. */
  get foreign(): boolean {
    return this.#options.pool !== undefined;
  }

  async probe(): Promise<void> {
    const { contracts, pooler } = this.#options;
    const { client, end } = await this.#openProbe();
    try {
      this.#poolerMode ??= pooler === "auto" ? await detectPooler(client) : pooler;
      await checkVersions(client, contracts);
    } catch (error) {
      throw this.#connectError(error as Error);
    } finally {
      await end();
    }
    if (!this.#closed) this.#transport ??= this.#createTransport(this.#poolerMode);
  }

  read(procedure: CompiledProcedure, args: object | undefined, signal: AbortSignal | undefined): Promise<unknown> {
    const { lanes, single } = this.#open();
    const sender = procedure.waits || lanes === undefined ? single : lanes;
    return sendCall(sender, this.#options.work, procedure, args, signal);
  }

  write(procedure: CompiledProcedure, args: object | undefined, signal: AbortSignal | undefined): Promise<unknown> {
    return sendCall(this.#open().single, this.#options.work, procedure, args, signal);
  }

  /** A batch of calls, each of which was counted when it was made: closing waits for them, and must not refuse what they wait for. */
  writeBatch(procedure: CompiledProcedure, args: object | undefined): Promise<unknown> {
    return sendCall(this.#open().single, NOT_COUNTED, procedure, args, undefined);
  }

  /** Plain SQL on a connection of its own. */
  async query<Row extends object>(text: string, values: readonly unknown[] | undefined): Promise<QueryResult<Row>> {
    const session = await this.acquire();
    let broken: Error | undefined;
    try {
      return await session.query<Row>(text, values, "unknown");
    } catch (error) {
      if (error instanceof ConnectionLostError) broken = error;
      // What state an error leaves the connection in is known after the next answer.
      else await session.command("").catch((lost: Error) => (broken = lost));
      throw error;
    } finally {
      // A BEGIN of the caller's own would be the next one's transaction.
      if (!session.outsideTransaction()) broken ??= new Error("a transaction was left open");
      session.release(broken);
    }
  }

  async acquire(): Promise<Session> {
    const { pool, named } = this.#open();
    return await takeSession(pool, named, this.toConnectError);
  }

  async openDedicated(purpose: string): Promise<Client> {
    const { applicationName } = this.#options;
    const name = applicationName === undefined ? purpose : `${applicationName} (${purpose})`;
    return await this.#connectClient(name.slice(0, 63), false, this.#startupSettings());
  }

  /** Ends every connection that was opened here, when nothing runs on it any more, or at once. Never the caller's own pool. */
  async close(how: "gently" | "at once"): Promise<void> {
    this.#closed = true;
    const { lanes, pool } = this.#transport ?? {};
    if (how === "at once") {
      lanes?.destroy();
      for (const client of this.#pooled) client.connection.stream.destroy();
    }
    const ended = this.foreign || pool === undefined || pool.ending ? undefined : pool.end();
    // A connection that somebody doesn't give back would be waited for in vain.
    if (how === "gently") await Promise.all([lanes?.close(), ended]);
  }

  #open(): Transport {
    if (this.#transport === undefined) throw this.#connectError(new Error("it was not reached yet"));
    return this.#transport;
  }

  /** The first connection says nothing but its name: a pooler refuses settings that it doesn't know. */
  async #openProbe(): Promise<{ client: ClientBase; end: () => Promise<void> }> {
    const { pool, applicationName } = this.#options;
    if (pool === undefined) {
      const client = await this.#connectClient(applicationName, false, {});
      return { client, end: () => client.end() };
    }
    const session = await takeSession(pool, false, this.toConnectError);
    return { client: session.client, end: async () => session.release() };
  }

  #createTransport(mode: PoolerMode): Transport {
    const named = this.#options.prepare && mode === "none";
    const pool = this.#options.pool ?? this.#createPool();
    const single = new PoolSender(pool, named, this.toConnectError);
    const pipelined = this.#options.pipeline && named && this.#options.pool === undefined;
    return { pool, named, single, lanes: pipelined ? this.#createLanes(single) : undefined };
  }

  #createPool(): Pool {
    const { poolMax } = this.#options;
    const options = this.#clientOptions(this.#options.applicationName, false, this.#startupSettings());
    const pool = new Pool({
      ...clientConfig(options),
      Client: configuredClient(options),
      max: poolMax,
      // What nobody uses does not keep the process from ending.
      allowExitOnIdle: true,
    });
    // An idle connection that ends concerns nobody: the pool opens another when it is needed.
    pool.on("error", () => {});
    pool.on("connect", (client) => this.#pooled.add(client));
    pool.on("remove", (client) => this.#pooled.delete(client));
    return pool;
  }

  #createLanes(overflow: Sender): Lanes {
    const { applicationName, statementTimeoutMs } = this.#options;
    const settings = { default_transaction_read_only: "on", ...this.#startupSettings() };
    return new Lanes({
      open: () => this.#connectClient(applicationName, true, settings),
      overflow,
      statementTimeoutMs,
    });
  }

  #startupSettings(): SessionSettings {
    return this.#poolerMode === "none" ? this.#options.settings : {};
  }

  #clientOptions(applicationName: string | undefined, pipeline: boolean, settings: SessionSettings) {
    const { address, connectTimeoutMs } = this.#options;
    return { config: address.config, applicationName, settings, connectTimeoutMs, pipeline };
  }

  async #connectClient(
    applicationName: string | undefined,
    pipeline: boolean,
    settings: SessionSettings,
  ): Promise<Client> {
    const options = this.#clientOptions(applicationName, pipeline, settings);
    const client = new (configuredClient(options))(clientConfig(options));
    // Whoever waits for an answer is told by it; nobody else is there to hear of it.
    client.on("error", () => {});
    try {
      await client.connect();
    } catch (error) {
      client.connection.stream.destroy();
      throw this.#connectError(error as Error);
    }
    return client;
  }

  #connectError(error: Error): Error {
    const { address, connectTimeoutMs } = this.#options;
    const pool = this.#transport?.pool;
    // The pool has one word for a server that takes too long and for connections that others hold.
    if (pool !== undefined && pool.totalCount >= pool.options.max && /^timeout exceeded/.test(error.message))
      return new PoolBusyError(pool.options.max, pool.options.connectionTimeoutMillis ?? connectTimeoutMs);
    return toConnectError(error, address.label);
  }
}

function sendCall(
  sender: Sender,
  work: WorkInProgress,
  procedure: CompiledProcedure,
  args: object | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  if (signal === undefined)
    return new Promise((resolve, reject) => sender.send(new Call(procedure, args, sender, work, resolve, reject)));
  return sendAbandonable(sender, work, procedure, args, signal);
}

/** The answer may come to nobody: what the call does on the server stands. */
async function sendAbandonable(
  sender: Sender,
  work: WorkInProgress,
  procedure: CompiledProcedure,
  args: object | undefined,
  signal: AbortSignal,
): Promise<unknown> {
  signal.throwIfAborted();
  let abandon = (): void => {};
  try {
    return await new Promise((resolve, reject) => {
      const call = new Call(procedure, args, sender, work, resolve, reject);
      abandon = (): void => call.fail(signal.reason);
      signal.addEventListener("abort", abandon, { once: true });
      sender.send(call);
    });
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}
