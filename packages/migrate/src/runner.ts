import type { OnMigrateEvent } from "./events.ts";
import type { Run } from "./ledger.ts";
import type { Monitor } from "./monitor.ts";
import type { Session } from "./session.ts";

/** What the parts of one `apply` share. */
export interface Runner {
  readonly session: Session;
  readonly run: Run;
  readonly monitor: Monitor;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnMigrateEvent;
  /** How long others may hold the lock or the fence before this run gives up. */
  readonly timeoutMs: number;
  readonly statementLockTimeoutMs: number;
  /** The ledger's generation as this run knows it: moves on with each of its own commits. */
  generation: bigint;
}
