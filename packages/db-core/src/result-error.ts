import { PlinthError } from "./plinth-error.ts";

/** The answer of a procedure is not what its contract says, or can't be held in JavaScript. What it wrote stands, except in a transaction. */
export class ResultError extends PlinthError {
  override readonly name = "ResultError";
  readonly code = "RESULT_INVALID";

  /** `gallery.getPhoto` */
  readonly procedure: string;

  constructor(procedure: string, what: string, options?: ErrorOptions) {
    super(`the answer of ${procedure} is not as promised: ${what}`, options);
    this.procedure = procedure;
  }
}
