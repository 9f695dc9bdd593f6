import type { Pool, PoolClient } from "pg";
import type { Call, Sender } from "./call.ts";
import { ConnectionLostError } from "./database-errors/connection-lost.ts";
import { type Carrier, type Manner, ProcedureQuery } from "./procedure-query.ts";
import { toDatabaseError } from "./to-database-error.ts";
import { TooManyCallsError } from "./too-many-calls-error.ts";
import { wireOf } from "./wires.ts";

/** Calls and transactions that wait for a connection of one pool. */
export const POOL_WAITING_MAX = 10_000;

/** Gives each call a connection of the pool for as long as it runs. */
export class PoolSender implements Sender {
  readonly #pool: Pool;
  readonly #named: boolean;
  readonly #toConnectError: (error: Error) => Error;

  constructor(pool: Pool, named: boolean, toConnectError: (error: Error) => Error) {
    this.#pool = pool;
    this.#named = named;
    this.#toConnectError = toConnectError;
  }

  send(call: Call): void {
    const waiting = this.#pool.waitingCount;
    if (waiting >= POOL_WAITING_MAX) {
      call.fail(new TooManyCallsError(waiting, "a connection of the pool"));
      return;
    }
    this.#pool.connect((error, client) => {
      if (client === undefined) call.fail(this.#toConnectError(error as Error));
      // Abandoned, or answered elsewhere.
      else if (call.settled) client.release();
      else this.#sendOn(client, call);
    });
  }

  #sendOn(client: PoolClient, call: Call): void {
    const manner: Manner = { guarded: call.procedure.isRead, named: this.#named };
    client.query(new ProcedureQuery(call, new Holder(client), wireOf(client), manner) as never);
  }
}

/** Holds a connection of a pool for one query. */
class Holder implements Carrier {
  readonly #client: PoolClient;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  done(_query: ProcedureQuery, error: unknown): void {
    const lost = error !== undefined && toDatabaseError(error, "none") instanceof ConnectionLostError;
    this.#client.release(lost ? (error as Error) : undefined);
  }
}
