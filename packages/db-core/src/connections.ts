import type { Client, ClientBase } from "pg";
import type { QueryResult } from "./database.ts";
import type { Outcome } from "./database-errors/connection-lost.ts";
import type { CompiledProcedure } from "./procedure.ts";

/** One connection of the write pool, taken for as long as its holder needs it. Its errors are {@link DatabaseError}s. */
export interface Session {
  readonly client: ClientBase;
  /** Runs statements without values, answers with the last one's command tag. */
  command(text: string): Promise<string>;
  /** Plain SQL with values. `ifLost`: what a connection lost meanwhile would have done; in a transaction `none`. */
  query<Row extends object>(text: string, values?: readonly unknown[], ifLost?: Outcome): Promise<QueryResult<Row>>;
  /** Calls a procedure as one statement. Never made again by itself: what went before it in a transaction would be lost. */
  call(procedure: CompiledProcedure, args: object | undefined): Promise<unknown>;
  /** Whether the server says that no transaction is open. Known after an answer without error. */
  outsideTransaction(): boolean;
  /** Gives the connection back. With an error it is closed instead: nobody can tell what it is in the middle of. */
  release(broken?: Error): void;
}

/** Makes a read somewhere: on the primary, or on the replica. */
export interface ReadTarget {
  read(procedure: CompiledProcedure, args: object | undefined, signal: AbortSignal | undefined): Promise<unknown>;
  /** Opens a connection, checks every namespace's version, and closes it. Rejects with what makes the target unfit. */
  probe(): Promise<void>;
}

/** Every connection of one Database. */
export interface Connections {
  /** `transaction`: statements of one connection may reach many servers' connections, so nothing can be left on one. */
  readonly poolerMode: "none" | "transaction";
  /** Settings for `set local`: what connections could not be given when they were opened. Empty without a pooler. */
  readonly localSettings: Readonly<Record<string, string>>;
  readonly primary: ReadTarget;
  readonly replica: ReadTarget | undefined;
  acquire(): Promise<Session>;
  /** A connection outside of every pool, for its caller to end. `purpose` stands in its application name: `gallery (listen)`. */
  openDedicated(purpose: string): Promise<Client>;
  /** Closes every connection that was opened here, when nothing runs on it any more, or at once. Idempotent. */
  close(how: "gently" | "at once"): Promise<void>;
}
