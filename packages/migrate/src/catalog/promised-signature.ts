import type { LockedProcedure } from "../call-compatible.ts";
import type { CatalogProcedure } from "./catalog-procedure.ts";

/** Arguments and result of a procedure: what calls and answers of older code rely on. */
export type PromisedSignature = Pick<LockedProcedure, "args" | "columns">;

/** The signature of a function as the catalog has it. A result that is one value is one column of the function's own name. */
export function signatureOf(procedure: CatalogProcedure): PromisedSignature {
  const value = procedure.resultType === "void" ? [] : [{ name: procedure.name, type: procedure.resultType }];
  return {
    args: procedure.arguments.map(({ name, type, hasDefault }) => ({ name, type, hasDefault })),
    columns: procedure.columns.length === 0 ? value : procedure.columns.map(({ name, type }) => ({ name, type })),
  };
}
