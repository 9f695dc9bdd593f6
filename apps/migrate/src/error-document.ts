import { kindOf } from "./exit-codes.ts";

/** Fields that are another form of these, or no data. */
const LEFT_OUT = new Set(["name", "stack", "cause", "message", "code", "kind", "retryable", "positions", "hint"]);

/** An error as `--json` writes it: the common fields first, then the data of its class. */
export function errorDocument(error: unknown): object {
  const kind = kindOf(error);
  if (!(error instanceof Error) || kind === undefined) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { code: "INTERNAL", kind: "internal", message, retryable: false, positions: [], hint: null };
  }
  const fields = error as Error & { readonly [field: string]: unknown };
  return {
    code: fields.code,
    kind,
    message: error.message,
    retryable: fields.retryable === true,
    positions: fields.positions ?? [],
    hint: fields.hint ?? null,
    ...Object.fromEntries(Object.entries(fields).filter(([key]) => !LEFT_OUT.has(key))),
  };
}
