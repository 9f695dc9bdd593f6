import { exitCodeOfSignal } from "./exit-codes.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Listens for SIGINT and SIGTERM, and gives the AbortSignal that the first one aborts, so that what runs can be rolled back. The second ends the
 * process at once, and leaves that to the server.
 */
export function listenForStopSignals(onStop: (received: StopSignal) => void): AbortSignal {
  const controller = new AbortController();
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodeOfSignal(name));
      onStop(name);
      controller.abort();
    });
  }
  return controller.signal;
}
