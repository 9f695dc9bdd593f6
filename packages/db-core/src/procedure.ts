import { type AnswerReader, answerReader } from "./answer.ts";
import { ArgumentError, UNKNOWN_ARGUMENT } from "./argument-error.ts";
import type { ArgSpec, ProcedureSpec } from "./contract.ts";
import { type Encoded, type Encoder, encoderOf } from "./encode.ts";
import { guess } from "./option-error.ts";
import { BRIEF_LOCKS, callText, guardedCallText, READ_ONLY, type Setting, Statement } from "./statement.ts";

/** One call, ready to be sent. */
export interface BoundCall {
  readonly variant: Variant;
  readonly values: readonly Encoded[];
}

/** The statements of a procedure for one choice of arguments. Each is made when it is first needed. */
export class Variant {
  readonly #spec: ProcedureSpec;
  readonly #given: readonly ArgSpec[];
  readonly #setting: Setting | undefined;
  #plain: Statement | undefined;
  #guarded: Statement | undefined;

  constructor(spec: ProcedureSpec, given: readonly ArgSpec[], setting: Setting | undefined) {
    this.#spec = spec;
    this.#given = given;
    this.#setting = setting;
  }

  statement(guarded: boolean): Statement {
    if (!guarded) {
      this.#plain ??= new Statement(
        this.#setting === undefined
          ? callText(this.#spec, this.#given)
          : guardedCallText(this.#spec, this.#given, this.#setting),
      );
      return this.#plain;
    }
    this.#guarded ??= new Statement(guardedCallText(this.#spec, this.#given, READ_ONLY));
    return this.#guarded;
  }
}

/** A choice of optional arguments, as a path: at each one, given or not. */
interface Choice {
  given?: Choice;
  omitted?: Choice;
  variant?: Variant;
}

interface Argument extends Encoder {
  readonly spec: ArgSpec;
  readonly key: string;
  readonly optional: boolean;
  /** `null` is a value of the type itself, and not the SQL NULL. */
  readonly hasNull: boolean;
}

const NO_ARGUMENTS: object = Object.freeze({});

/** A procedure with everything worked out that does not depend on a call. */
export class CompiledProcedure {
  readonly spec: ProcedureSpec;
  /** How messages and spans call it: `gallery.getPhoto`. */
  readonly label: string;
  /** How errors about a call name it: `db.procs.gallery.getPhoto`, `tx.procs.gallery.getPhoto`. */
  readonly databasePath: string;
  readonly transactionPath: string;
  readonly isRead: boolean;
  /** A connection to itself for every call. */
  readonly waits: boolean;
  readonly answer: AnswerReader;
  readonly #arguments: readonly Argument[];
  readonly #choices: Choice = {};
  readonly #setting: Setting | undefined;
  #brief: CompiledProcedure | undefined;

  constructor(spec: ProcedureSpec, label: string, answer: AnswerReader = answerReader(spec, label), setting?: Setting) {
    this.#setting = setting;
    this.spec = spec;
    this.label = label;
    this.databasePath = `db.procs.${label}`;
    this.transactionPath = `tx.procs.${label}`;
    this.isRead = spec.mode === "read";
    this.waits = spec.waits === true;
    this.answer = answer;
    this.#arguments = spec.args.map((each) => ({
      spec: each,
      key: each[0],
      optional: each[3] === true,
      hasNull: /^jsonb?$/.test(each[2]) && each[4] !== "nullable",
      ...encoderOf(each[2]),
    }));
  }

  /** The same procedure, called so that it waits for no lock longer than {@link BRIEF_LOCKS} allows. For writes. */
  get brief(): CompiledProcedure {
    this.#brief ??= new CompiledProcedure(this.spec, this.label, this.answer, BRIEF_LOCKS);
    return this.#brief;
  }

  /** @throws {ArgumentError} */
  bind(args: object = NO_ARGUMENTS): BoundCall {
    if (typeof args !== "object" || args === null)
      throw new ArgumentError(this.label, "object", "an object with arguments by name", args);
    const values: Encoded[] = [];
    let choice = this.#choices;
    for (const argument of this.#arguments) {
      const value: unknown = (args as Record<string, unknown>)[argument.key];
      if (argument.optional) choice = value === undefined ? omitting(choice) : giving(choice);
      if (value !== undefined) values.push(this.#encode(args, argument, value));
      else if (!argument.optional) this.#refuse(args, argument, value);
    }
    this.#refuseUnknown(args, values.length);
    choice.variant ??= this.#variant(args);
    return { variant: choice.variant, values };
  }

  #encode(args: object, argument: Argument, value: unknown): Encoded {
    if (value === null && !argument.hasNull) return null;
    return argument.encode(value) ?? this.#refuse(args, argument, value);
  }

  /** A misspelt one is named before the one that is missing because of it. */
  #refuse(args: object, argument: Argument, value: unknown): never {
    this.#refuseUnknown(args, Number.NaN);
    throw new ArgumentError(this.label, argument.key, argument.expected, value);
  }

  /** A misspelt optional argument would be left out in silence. */
  #refuseUnknown(args: object, given: number): void {
    let keys = 0;
    for (const _ in args) keys += 1;
    if (keys === given) return;
    for (const [key, value] of Object.entries(args)) {
      if (value !== undefined && !this.#arguments.some((argument) => argument.key === key))
        throw this.unknownArgument(key);
    }
  }

  /** The error for an argument that there is not, `known` if only some of them may be given. */
  unknownArgument(
    key: string,
    known: readonly string[] = this.#arguments.map((argument) => argument.key),
  ): ArgumentError {
    const has = known.length === 0 ? "it takes no arguments" : `it has ${known.join(", ")}`;
    return new ArgumentError(this.label, key, `${guess(key, known)}${has}`, UNKNOWN_ARGUMENT);
  }

  #variant(args: object): Variant {
    const given = this.#arguments.filter(({ key }) => (args as Record<string, unknown>)[key] !== undefined);
    return new Variant(
      this.spec,
      given.map(({ spec }) => spec),
      this.#setting,
    );
  }
}

function giving(choice: Choice): Choice {
  choice.given ??= {};
  return choice.given;
}

function omitting(choice: Choice): Choice {
  choice.omitted ??= {};
  return choice.omitted;
}
