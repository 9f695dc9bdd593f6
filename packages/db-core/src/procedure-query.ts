import { type Connection, Query } from "pg";
import type { Fields } from "./answer.ts";
import type { Call } from "./call.ts";
import { catalogMoved } from "./catalog-moved.ts";
import type { Statement } from "./statement.ts";
import type { Prepared, Wire } from "./wire.ts";

/** What a query travels on: told when nothing more will come for it. */
export interface Carrier {
  done(query: ProcedureQuery, error: unknown): void;
}

/** How statements are sent on a connection. */
export interface Manner {
  /** Makes its own transaction read-only: for reads where the connection isn't. */
  readonly guarded: boolean;
  /** Prepared once under a name, or parsed each time. */
  readonly named: boolean;
}

/**
 * One call on one connection, as pg carries it. pg's own Query makes a result object with metadata of every column for each call, and asks
 * the server to describe what the contract says already; this one does neither.
 */
export class ProcedureQuery {
  // Into a pipeline pg takes only its own Query, whose constructor is what is to be avoided.
  static {
    Object.setPrototypeOf(ProcedureQuery.prototype, Query.prototype);
  }

  readonly #call: Call;
  readonly #carrier: Carrier;
  readonly #wire: Wire;
  readonly #statement: Statement;
  readonly #named: boolean;
  readonly #rows: unknown[] = [];
  #prepared: Prepared | undefined;
  #unreadable: unknown;
  /** The one sent after it on the same connection. */
  next: ProcedureQuery | undefined;

  constructor(call: Call, carrier: Carrier, wire: Wire, manner: Manner) {
    this.#call = call;
    this.#carrier = carrier;
    this.#wire = wire;
    this.#statement = call.bound.variant.statement(manner.guarded);
    this.#named = manner.named;
    call.query = this;
  }

  get call(): Call {
    return this.#call;
  }

  submit(): null {
    this.#prepared = this.#wire.send(this.#statement, this.#call.bound.values, this.#named);
    return null;
  }

  handleDataRow({ fields }: { readonly fields: Fields }): void {
    try {
      this.#rows.push(this.#call.procedure.answer.row(fields));
    } catch (error) {
      this.#unreadable = error;
    }
  }

  /** Only now is it committed: a deferred constraint can still refuse what was complete. */
  handleReadyForQuery(): void {
    const call = this.#call;
    if (!call.settled) {
      try {
        if (this.#unreadable !== undefined) throw this.#unreadable;
        call.succeed(call.procedure.answer.result(this.#rows));
      } catch (error) {
        call.fail(error);
      }
    }
    this.#carrier.done(this, undefined);
  }

  handleError(error: unknown): void {
    if (this.#prepared !== undefined && catalogMoved(error)) this.#wire.forget(this.#statement, this.#prepared);
    this.#carrier.done(this, error);
    this.#call.queryFailed(this, error);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  /** A procedure can't ask for COPY data; if it ever does it is refused, or the connection would wait for ever. */
  handleCopyInResponse(connection: Connection & { sendCopyFail?(message: string): void }): void {
    connection.sendCopyFail?.("a procedure takes no COPY data");
  }

  handleCopyData(): void {}
}
