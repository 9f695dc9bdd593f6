import type { Pool, PoolClient } from "pg";
import { Call } from "./call.ts";
import type { Session } from "./connections.ts";
import type { QueryResult } from "./database.ts";
import type { Outcome } from "./database-errors/connection-lost.ts";
import type { CompiledProcedure } from "./procedure.ts";
import { type Manner, ProcedureQuery } from "./procedure-query.ts";
import { runQuery } from "./query.ts";
import { toDatabaseError } from "./to-database-error.ts";
import { wireOf } from "./wires.ts";

/** Its holder gives the connection back, not the answer to a query. */
const STAYS = { done: (): void => {} };

/** A connection of a pool, held for longer than one call. */
export class PoolSession implements Session {
  readonly client: PoolClient;
  readonly #manner: Manner;

  constructor(client: PoolClient, named: boolean) {
    this.client = client;
    // What a transaction may do is decided when it begins, not by what is called in it.
    this.#manner = { guarded: false, named };
    wireOf(client);
  }

  async command(text: string): Promise<string> {
    try {
      const result = await this.client.query(text);
      const last = Array.isArray(result) ? (result.at(-1) as typeof result) : result;
      return last.command;
    } catch (error) {
      throw toDatabaseError(error, "none");
    }
  }

  async query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    ifLost: Outcome = "none",
  ): Promise<QueryResult<Row>> {
    try {
      return await runQuery<Row>(this.client, text, values);
    } catch (error) {
      throw toDatabaseError(error, ifLost);
    }
  }

  call(procedure: CompiledProcedure, args: object | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = new Call(procedure, args, undefined, undefined, resolve, reject);
      this.client.query(new ProcedureQuery(call, STAYS, wireOf(this.client), this.#manner) as never);
    });
  }

  outsideTransaction(): boolean {
    return this.client.getTransactionStatus() === "I";
  }

  release(broken?: Error): void {
    this.client.release(broken);
  }
}

/** Takes a connection of a pool. */
export async function takeSession(
  pool: Pool,
  named: boolean,
  toConnectError: (error: Error) => Error,
): Promise<PoolSession> {
  try {
    return new PoolSession(await pool.connect(), named);
  } catch (error) {
    throw toConnectError(error as Error);
  }
}
