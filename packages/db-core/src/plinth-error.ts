/** What every error of every Plinth package is: a class per situation, a stable `code`, the data in fields. */
export abstract class PlinthError extends Error {
  /** Stable across releases. Test this, or the class; never the message. */
  abstract readonly code: string;

  /** Whether the same call may succeed when it is made again unchanged. */
  readonly retryable: boolean = false;
}
