import { PlinthError } from "./plinth-error.ts";

/** No connection of the pool became free in time. Nothing was sent; make the call later. */
export class PoolBusyError extends PlinthError {
  override readonly name = "PoolBusyError";
  readonly code = "POOL_BUSY";
  override readonly retryable = true;

  /** Connections the pool may have. */
  readonly poolMax: number;

  constructor(poolMax: number, waitedMs: number) {
    super(
      `none of the pool's ${poolMax} connections became free within ${waitedMs} ms: nothing was sent. ` +
        "Shorten what holds them (long transactions), or raise poolMax",
    );
    this.poolMax = poolMax;
  }
}
