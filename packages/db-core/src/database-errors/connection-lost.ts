import { DatabaseError, type ServerFields } from "../database-error.ts";

/** What a lost connection did: `none`: nothing that anybody can see; `unknown`: it was lost between the statement and its answer. */
export type Outcome = "none" | "unknown";

/** The connection ended before the answer came. Where the `outcome` is `none` the call may be made again. */
export class ConnectionLostError extends DatabaseError {
  override readonly name: string = "ConnectionLostError";
  override readonly code: string = "CONNECTION_LOST";
  override readonly retryable: boolean;

  readonly outcome: Outcome;

  constructor(outcome: Outcome, what: string, options?: ErrorOptions & { readonly fields?: ServerFields }) {
    const told =
      outcome === "none" ? "nothing was written, it may be made again" : "whether anything was written is unknown";
    super(`${what}: ${told}`, { code: "08006", ...options?.fields }, options);
    this.outcome = outcome;
    this.retryable = outcome === "none";
  }
}
