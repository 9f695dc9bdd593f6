import { MigrateError, type MigrateErrorKind, type SourcePosition } from "./migrate-error.ts";

/** What can be wrong with a procedure, each with its own code. */
export const contractCodes = {
  removed: "MIG501",
  overloaded: "MIG502",
  argumentsChanged: "MIG503",
  resultChanged: "MIG504",
  readNotStable: "MIG505",
  notSecurityDefiner: "MIG506",
  publicMayExecute: "MIG507",
  notPinned: "MIG508",
  wrongOwner: "MIG509",
  notMade: "MIG510",
  returnsDisagrees: "MIG511",
  termsChanged: "MIG512",
  sinceAboveVersion: "MIG513",
  noNewNumber: "MIG514",
  notCallableByName: "MIG515",
  anothersPromise: "MIG516",
} as const;

export type ContractCode = (typeof contractCodes)[keyof typeof contractCodes];

/** One thing that is wrong with one procedure. */
export interface ContractProblem {
  readonly code: ContractCode;
  /** `gallery.get_photo`. */
  readonly procedure: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** Of its `@proc` line, where there is one. */
  readonly position?: SourcePosition | undefined;
}

/**
 * Procedures of a namespace are not what was promised, or not what a procedure must be. All that is wrong is listed. In `apply`, the batch was
 * rolled back, and the namespaces before it are as they should be.
 */
export class ContractError extends MigrateError {
  override readonly name = "ContractError";
  /** The first problem's code. */
  readonly code: ContractCode;
  readonly kind: MigrateErrorKind = "contract";
  readonly namespace: string;
  readonly problems: readonly ContractProblem[];
  override readonly positions: readonly SourcePosition[];
  override readonly hint: string;

  constructor(namespace: string, problems: readonly [ContractProblem, ...ContractProblem[]]) {
    super(
      `${namespace} breaks the contract of its procedures:\n${problems
        .map((problem) => `  ${problem.code} ${problem.procedure}: ${problem.message}`)
        .join("\n")}`,
    );
    this.code = problems[0].code;
    this.namespace = namespace;
    this.problems = problems;
    this.positions = problems.flatMap((problem) => (problem.position === undefined ? [] : [problem.position]));
    this.hint = [...new Set(problems.map((problem) => problem.hint))].join("; ");
  }
}
