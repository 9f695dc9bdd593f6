import { type Annotation, findAnnotations } from "../annotations.ts";
import type { CatalogProcedure } from "../catalog/catalog-procedure.ts";
import { faultsOfAnnotation, faultsOfForm } from "../contract-rules.ts";
import { type DefinedFunction, definedFunctions } from "./defined-procedures.ts";
import type { RawFinding } from "./lint-finding.ts";
import type { LintedFile } from "./linted-file.ts";

/** Types of one value that the text alone names; whether another name is a type or a table, only the catalog tells. */
const ONE_VALUE = new Set(
  "bool int2 int4 int8 float4 float8 numeric text varchar bpchar uuid json jsonb bytea date time timetz timestamp timestamptz interval inet cidr".split(
    " ",
  ),
);

/** MIG505, MIG506, MIG508, MIG511, MIG515: what `apply` would say of a procedure, as far as its text tells. */
export function* procedureRule({ file, text, sql }: LintedFile): Iterable<RawFinding> {
  if (!file.repeatable) return;
  const { annotations } = findAnnotations(file, text);
  if (annotations.length === 0) return;
  const functions = new Map(definedFunctions(sql).map((each) => [`${each.schema}.${each.name}`, each]));
  for (const annotation of annotations) {
    const name = `${annotation.schema}.${annotation.name}`;
    const found = functions.get(name);
    if (found === undefined) continue;
    const asCatalog = procedureOf(found, annotation);
    const terms = { namespace: file.namespace, version: Infinity, confirmedVersion: undefined, owner: "" };
    const faults = [
      ...faultsOfForm(asCatalog, annotation.mode, ""),
      ...faultsOfAnnotation(annotation, asCatalog, terms),
    ];
    for (const { code, message, hint } of faults)
      yield { rule: code, severity: "error", message: `${name}: ${message}`, hint, offset: found.offset };
  }
}

/** As the catalog would have it. What the text doesn't tell is taken to be as the annotation says. */
function procedureOf(found: DefinedFunction, annotation: Annotation): CatalogProcedure {
  const { schema, name, args, result, form } = found;
  return {
    ...{ schema, name, kind: "function", identityArguments: "", owner: "", publicMayExecute: false },
    ...form,
    arguments: args,
    returnsSet: result.isSet,
    resultType: result.type,
    columns: columnsOf(found, annotation).map((column) => ({ name: column, type: "", notNull: null })),
  };
}

function columnsOf({ columns, result }: DefinedFunction, annotation: Annotation): readonly string[] {
  if (columns !== undefined) return columns.map(({ name }) => name);
  if (result.type === "void" || result.type === "record" || ONE_VALUE.has(result.type) || result.type.endsWith("[]"))
    return [];
  // A table's rows, or a type of one value: whichever the annotation needs.
  return annotation.returns === "scalar" ? [] : ["?", ...annotation.columns.keys()];
}
