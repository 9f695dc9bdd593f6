import { PlinthError } from "@plinth/db-core/errors";

/** The command line or the environment asks for something that can't be done. Nothing was read, connected to or run. */
export class CommandLineError extends PlinthError {
  override readonly name = "CommandLineError";
  readonly code = "MIG690";
  readonly kind = "usage";
  /** What to do about it, as a sentence; shown below the message. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
