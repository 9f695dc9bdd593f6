import { PlinthError } from "./plinth-error.ts";

/** Plain SQL was sent through a Database that was connected with `proceduresOnly`. Nothing was sent. */
export class ProceduresOnlyError extends PlinthError {
  override readonly name = "ProceduresOnlyError";
  readonly code = "PROCEDURES_ONLY";

  constructor(call: string) {
    super(`${call} is not there with the option proceduresOnly: call a procedure, or connect without the option`);
  }
}
