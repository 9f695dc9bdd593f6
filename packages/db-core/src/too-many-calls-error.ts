import { PlinthError } from "./plinth-error.ts";

/** More calls wait for a connection than may. This one was not sent; make it later. */
export class TooManyCallsError extends PlinthError {
  override readonly name = "TooManyCallsError";
  readonly code = "TOO_MANY_CALLS";
  override readonly retryable = true;

  /** Calls that were waiting. */
  readonly waiting: number;

  constructor(waiting: number, where: string) {
    super(`${waiting} calls wait for ${where} already, which is the most there may be: this one was not sent`);
    this.waiting = waiting;
  }
}
