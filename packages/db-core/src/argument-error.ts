import { describeValue } from "./option-error.ts";
import { PlinthError } from "./plinth-error.ts";

/** Stands for what was given for an argument that there is not. */
export const UNKNOWN_ARGUMENT: unique symbol = Symbol("unknown");

/** An argument of a procedure is missing, unknown, or not of its type. Nothing was sent. */
export class ArgumentError extends PlinthError {
  override readonly name = "ArgumentError";
  readonly code = "ARGUMENT_INVALID";

  /** `gallery.getPhoto` */
  readonly procedure: string;
  /** The argument's key, as the caller wrote it. */
  readonly argument: string;

  constructor(procedure: string, argument: string, expected: string, found: unknown) {
    super(
      found === UNKNOWN_ARGUMENT
        ? `unknown argument ${argument} of ${procedure}; ${expected}`
        : `argument ${argument} of ${procedure} must be ${expected}, but is ${describeArgument(found)}`,
    );
    this.procedure = procedure;
    this.argument = argument;
  }
}

/** Arguments are users' data: of a text only its length is told. */
function describeArgument(value: unknown): string {
  return typeof value === "string" ? `a string of length ${value.length}` : describeValue(value);
}
