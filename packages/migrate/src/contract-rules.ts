import type { Annotation } from "./annotations.ts";
import { compareProcedure, type Incompatibility, isWidened, type LockedProcedure } from "./call-compatible.ts";
import type { CatalogProcedure } from "./catalog/catalog-procedure.ts";
import { type PromisedSignature, signatureOf } from "./catalog/promised-signature.ts";
import type { Promised } from "./catalog/promises.ts";
import { type ContractProblem, contractCodes } from "./contract-error.ts";

/** What a procedure is held against. */
export interface ContractTerms {
  readonly namespace: string;
  /** The namespace's version with the files that are being applied. */
  readonly version: number;
  /** The version at which the namespace's promises were last found kept; `undefined` before there were any. */
  readonly confirmedVersion: number | undefined;
  /** The role that must own every procedure. */
  readonly owner: string;
}

/** A fault without the procedure's name and place, which every rule's caller adds. */
export type Fault = Pick<ContractProblem, "code" | "message" | "hint">;

/** What every procedure must be, whatever was promised about it. */
export function faultsOfForm(found: CatalogProcedure, mode: "read" | "write", owner: string): Fault[] {
  const faults: Fault[] = [];
  if (mode === "read" && found.volatility === "volatile")
    faults.push({
      code: contractCodes.readNotStable,
      message: "it is annotated mode=read and is volatile, so it may write",
      hint: "declare a read procedure stable or immutable",
    });
  if (!found.securityDefiner)
    faults.push({
      code: contractCodes.notSecurityDefiner,
      message: "it runs with its caller's rights, and its callers have none on tables",
      hint: "declare a procedure security definer",
    });
  if (!found.pinned)
    faults.push({
      code: contractCodes.notPinned,
      message: "it finds names by its caller's search_path, with its owner's rights",
      hint: "give a procedure a begin atomic body, or: set search_path = pg_catalog, pg_temp",
    });
  if (found.owner !== owner)
    faults.push({
      code: contractCodes.wrongOwner,
      message: `it is owned by ${found.owner}, but everything of a namespace is owned by ${owner}`,
      hint: `reassign it: alter function ... owner to "${owner}", or drop it and let the file make it again`,
    });
  return faults;
}

/** What an annotation says that the catalog doesn't. */
export function faultsOfAnnotation(annotation: Annotation, found: CatalogProcedure, terms: ContractTerms): Fault[] {
  const faults: Fault[] = [];
  const disagreement = resultDisagreement(annotation.returns, found);
  if (disagreement !== undefined)
    faults.push({
      code: contractCodes.returnsDisagrees,
      message: `it is annotated returns=${annotation.returns}, but ${disagreement}`,
      hint: "void returns void; scalar one value; maybe, one and many a row: returns table (...) or setof a table",
    });
  if (annotation.since > terms.version)
    faults.push({
      code: contractCodes.sinceAboveVersion,
      message: `it is annotated since=${annotation.since}, but ${terms.namespace} is at version ${terms.version}`,
      hint: "since is the number of the numbered migration that it comes with",
    });
  const unnamed = found.arguments.find((argument) => argument.name === "" || argument.variadic);
  if (unnamed !== undefined || found.columns.some((column) => column.name === ""))
    faults.push(
      notCallable("it has an argument or a result column without a name, or a variadic one: calls name them all"),
    );
  const inputs = found.arguments.flatMap(({ name }) => [name, name.replace(/_in$/, "")]);
  for (const name of annotation.params.keys())
    if (!inputs.includes(name)) faults.push(notCallable(`@param ${name} is annotated, and it has no such argument`));
  for (const name of annotation.columns.keys())
    if (!found.columns.some((column) => column.name === name) && !isOwnValue(name, found))
      faults.push(notCallable(`@column ${name} is annotated, and its result has no such column`));
  return faults;
}

/** What code that was built against the promise would stumble over. */
export function faultsOfPromise(
  promise: Promised,
  annotation: Annotation | undefined,
  found: CatalogProcedure,
  terms: ContractTerms,
): Fault[] {
  const before = lockedProcedure(promise, promise, promise.signature);
  const now = lockedProcedure(promise, annotation ?? promise, signatureOf(found));
  const broken = compareProcedure(before, now).map(
    (fault): Fault => ({
      code: codeOfPart(fault.part),
      message: `it is not what was promised: ${fault.message}`,
      hint: "procedures are forever: put the old one back, and give what is new another name",
    }),
  );
  if (broken.length > 0 || !isWidened(before, now) || terms.version > promise.confirmedVersion) return broken;
  return [
    noNewNumber(
      `it takes or gives more than at version ${promise.confirmedVersion}`,
      "add a numbered file (it may hold only a comment); since stays as it is",
      terms,
    ),
  ];
}

/** What is wrong with a procedure that was never promised before. */
export function faultsOfNew(annotation: Annotation, terms: ContractTerms): Fault[] {
  if (terms.confirmedVersion === undefined || annotation.since > terms.confirmedVersion) return [];
  return [
    noNewNumber(
      `it is new and annotated since=${annotation.since}`,
      "add a numbered file (it may hold only a comment), and let since be its number",
      terms,
    ),
  ];
}

/** A procedure as the lock file and the comparison have it. Its signature is the catalog's, its terms what the annotation says. */
export function lockedProcedure(
  named: { readonly schema: string; readonly name: string },
  terms: Pick<Annotation, "mode" | "returns" | "service" | "since" | "deprecated">,
  signature: PromisedSignature,
): LockedProcedure {
  const { schema, name } = named;
  const { mode, returns, service, since, deprecated } = terms;
  return { schema, name, mode, returns, service, since, deprecated, args: signature.args, columns: signature.columns };
}

function noNewNumber(what: string, hint: string, terms: ContractTerms): Fault {
  return {
    code: contractCodes.noNewNumber,
    message: `${what}, but databases of version ${terms.confirmedVersion} exist without that: code built for it is let in and fails`,
    hint,
  };
}

function notCallable(message: string): Fault {
  return {
    code: contractCodes.notCallableByName,
    message,
    hint: "names of @param and @column lines are those of the function",
  };
}

/** How the result of a function is at odds with its annotation. */
function resultDisagreement(returns: Annotation["returns"], found: CatalogProcedure): string | undefined {
  if (found.kind !== "function") return `it is no function but of kind ${found.kind}`;
  const isRow = found.columns.length > 0;
  const result = `${found.returnsSet ? "setof " : ""}${isRow ? "a row" : found.resultType}`;
  const disagrees = `it returns ${result}`;
  if (!isRow && found.resultType === "record") return "it returns a record whose columns nobody knows";
  if (returns === "void") return found.resultType === "void" && !found.returnsSet ? undefined : disagrees;
  if (returns === "scalar") return isRow || found.returnsSet || found.resultType === "void" ? disagrees : undefined;
  if (returns === "many") return found.returnsSet ? undefined : disagrees;
  // A function that is no set gives a row of nulls where it finds none.
  if (returns === "maybe") return isRow && found.returnsSet ? undefined : disagrees;
  return isRow ? undefined : disagrees;
}

/** The value of a scalar, or of a set of scalars, is annotated under the function's own name. */
function isOwnValue(name: string, found: CatalogProcedure): boolean {
  return found.columns.length === 0 && name === found.name;
}

function codeOfPart(part: Incompatibility["part"]): ContractProblem["code"] {
  if (part === "argument") return contractCodes.argumentsChanged;
  if (part === "column" || part === "returns") return contractCodes.resultChanged;
  return contractCodes.termsChanged;
}
