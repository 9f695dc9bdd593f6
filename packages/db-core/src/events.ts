/** What happens to a database apart from any call, and so can be thrown to nobody. */
export type DatabaseEvent =
  /** The replica is not used any more: reads go to the primary until `replica-back`. `error`: why; no call failed by it. */
  | { readonly type: "replica-lost"; readonly error: Error }
  /** Reads go to the replica again. */
  | { readonly type: "replica-back" }
  /** The listening connection was lost, or could not be opened again: notifications are being missed. Told for each failed attempt. */
  | { readonly type: "listen-lost"; readonly error: Error; readonly attempts: number }
  /** The listening connection is back, and each listener's `onReconnect` was called. */
  | { readonly type: "listen-back" }
  /** A callback threw, or its promise was rejected. What it belongs to stands: a transaction stays committed, a listener goes on listening. */
  | {
      readonly type: "callback-failed";
      readonly callback: "afterCommit" | "onPayload" | "onReconnect";
      readonly error: unknown;
    };

/** Tells the application. Never throws. */
export type Report = (event: DatabaseEvent) => void;

/**
 * Hands events to the application's hook. Without one, and for one that throws, failures become process warnings: visible on standard
 * error, and to `process.on("warning")`, but no reason to end a process that does what it should.
 */
export function reporter(onEvent: ((event: DatabaseEvent) => void) | undefined): Report {
  if (onEvent === undefined) return warn;
  return (event) => {
    try {
      onEvent(event);
    } catch (error) {
      warn(event);
      process.emitWarning(`onEvent itself failed: ${textOf(error)}`, {
        type: "PlinthWarning",
        code: "EVENT_HOOK_FAILED",
      });
    }
  };
}

function warn(event: DatabaseEvent): void {
  if (!("error" in event)) return;
  const what = event.type === "callback-failed" ? `${event.callback} callback failed` : event.type.replace("-", " ");
  const code = event.type.replace("-", "_").toUpperCase();
  process.emitWarning(`database: ${what}: ${textOf(event.error)}`, { type: "PlinthWarning", code });
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
