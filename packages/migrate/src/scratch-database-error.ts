import { MigrateError, type MigrateErrorKind } from "./migrate-error.ts";

/** There is no scratch database to run the migrations on. Nothing was written. */
export class ScratchDatabaseError extends MigrateError {
  override readonly name = "ScratchDatabaseError";
  readonly code = "MIG607";
  readonly kind: MigrateErrorKind = "connection";
  override readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
