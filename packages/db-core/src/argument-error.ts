import { describeValue } from "./option-error.ts";
import { PlinthError } from "./plinth-error.ts";

/** An argument of a procedure is missing, unknown, or not of its type. Nothing was sent. */
export class ArgumentError extends PlinthError {
  override readonly name = "ArgumentError";
  readonly code = "ARGUMENT_INVALID";

  /** `gallery.getPhoto` */
  readonly procedure: string;
  /** The argument's key, as the caller wrote it. */
  readonly argument: string;

  constructor(procedure: string, argument: string, expected: string, found: unknown) {
    super(`argument ${argument} of ${procedure} must be ${expected}, but is ${describeValue(found)}`);
    this.procedure = procedure;
    this.argument = argument;
  }
}
