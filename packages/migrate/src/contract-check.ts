import type { Annotation } from "./annotations.ts";
import { type CatalogProcedure, procedureKey } from "./catalog/catalog-procedure.ts";
import type { Promised } from "./catalog/promises.ts";
import { type ContractProblem, contractCodes } from "./contract-error.ts";
import {
  type ContractTerms,
  type Fault,
  faultsOfAnnotation,
  faultsOfForm,
  faultsOfNew,
  faultsOfPromise,
} from "./contract-rules.ts";
import { dropHint, dropStatement } from "./drop-statement.ts";

/** What a namespace's procedures are checked from. */
export interface ContractCheck {
  readonly terms: ContractTerms;
  /** Every annotation of the namespace's files. */
  readonly annotations: readonly Annotation[];
  /** Every promise in the database, of all namespaces. */
  readonly promises: readonly Promised[];
  /** Every function of the schemas that the namespace has promised procedures in. */
  readonly found: readonly CatalogProcedure[];
}

/** Holds a namespace's procedures against what was promised and against what a procedure must be. Pure; gives everything that is wrong. */
export function findContractProblems(check: ContractCheck): ContractProblem[] {
  const annotations = new Map(check.annotations.map((annotation) => [procedureKey(annotation), annotation]));
  const promises = new Map(check.promises.map((promise) => [procedureKey(promise), promise]));
  const found = new Map<string, CatalogProcedure[]>();
  for (const procedure of check.found) {
    const overloads = found.get(procedureKey(procedure));
    if (overloads === undefined) found.set(procedureKey(procedure), [procedure]);
    else overloads.push(procedure);
  }
  const own = check.promises.filter((promise) => promise.namespace === check.terms.namespace).map(procedureKey);
  const keys = [...new Set([...own, ...annotations.keys()])].sort();
  const problems = keys.flatMap((key) => {
    const annotation = annotations.get(key);
    const faults = faultsOf(annotation, promises.get(key), found.get(key) ?? [], check.terms);
    return faults.map((fault) => ({ ...fault, procedure: key, position: annotation?.position }));
  });
  return [...problems, ...publicFunctions(check.found, annotations)];
}

function faultsOf(
  annotation: Annotation | undefined,
  promise: Promised | undefined,
  overloads: readonly CatalogProcedure[],
  terms: ContractTerms,
): Fault[] {
  if (promise !== undefined && promise.namespace !== terms.namespace) return [anothersPromise(promise)];
  const [found, ...others] = overloads;
  if (found === undefined) return [absent(promise)];
  if (others.length > 0) return [overloaded(overloads, promise)];
  const mode = annotation?.mode ?? promise?.mode ?? "write";
  return [
    ...(promise === undefined ? [] : faultsOfPromise(promise, annotation, found, terms)),
    ...(annotation === undefined ? [] : faultsOfAnnotation(annotation, found, terms)),
    ...(annotation === undefined || promise !== undefined ? [] : faultsOfNew(annotation, terms)),
    ...faultsOfForm(found, mode, terms.owner),
  ];
}

function absent(promise: Promised | undefined): Fault {
  if (promise === undefined)
    return {
      code: contractCodes.notMade,
      message: "it is annotated, and no file has made it",
      hint: "the annotation stands above the create or replace function of the same schema and name",
    };
  return {
    code: contractCodes.removed,
    message: `it was promised in version ${promise.since} and is gone: code that calls it breaks`,
    hint: "procedures are forever: put it back; deprecated=N takes it out of the types, and its body may then be empty",
  };
}

function overloaded(overloads: readonly CatalogProcedure[], promise: Promised | undefined): Fault {
  const forms = overloads.map((each) => `(${each.identityArguments})`).join(" and ");
  return {
    code: contractCodes.overloaded,
    message: `there are ${overloads.length} functions of that name, ${forms}, and a call by name may be either's`,
    hint:
      promise === undefined
        ? "create or replace makes a second function when an argument is added or retyped: drop the old one above it"
        : dropHint(
            dropStatement(
              promise,
              promise.signature.args.map(({ type }) => type),
            ),
          ),
  };
}

function anothersPromise(promise: Promised): Fault {
  return {
    code: contractCodes.anothersPromise,
    message: `it is a promise of ${promise.namespace}`,
    hint: "a schema's procedures come from one package: give yours a schema of its own",
  };
}

/** Not only promised ones: whatever stands in these schemas runs with the owner's tables at hand. */
function publicFunctions(
  found: readonly CatalogProcedure[],
  annotations: ReadonlyMap<string, Annotation>,
): ContractProblem[] {
  return found
    .filter((procedure) => procedure.publicMayExecute)
    .map((procedure) => ({
      code: contractCodes.publicMayExecute,
      procedure: procedureKey(procedure),
      message: "everybody (PUBLIC) may execute it",
      hint: "grants are access.json's: take the grant to public out of the file",
      position: annotations.get(procedureKey(procedure))?.position,
    }));
}
