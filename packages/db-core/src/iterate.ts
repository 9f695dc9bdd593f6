import { type AnswerReader, answerReader, type Fields } from "./answer.ts";
import type { Contract, ProcedureSpec } from "./contract.ts";
import type { IterateOptions } from "./database.ts";
import { knownKeys, wholeNumber } from "./option-error.ts";
import { CompiledProcedure } from "./procedure.ts";
import type { Invoke } from "./procs.ts";
import { ResultError } from "./result-error.ts";
import { sqlType } from "./sql-type.ts";

const PAGE_SIZE = 500;
const PAGE_SIZE_MAX = 10_000;

/** A page: its rows, and the last one as the server wrote it. */
interface Page {
  readonly rows: readonly unknown[];
  readonly last: Fields | undefined;
}

interface RowWithFields {
  readonly row: unknown;
  readonly fields: Fields;
}

/** Where a page begins: an argument of the list, and the column it comes from. */
interface Position {
  readonly argument: string;
  readonly column: number;
  /** A Date has no microseconds: between a time and itself cut to milliseconds there is room for the same row again, and again. */
  readonly asText: boolean;
  readonly key: string;
}

/** One list, with everything worked out that does not depend on a call. */
class CompiledList {
  readonly #procedure: CompiledProcedure;
  readonly #positions: readonly Position[];
  readonly #sizeKey: string;
  /** Arguments that say where a page begins and how long it is: they are not the caller's. */
  readonly #ownKeys: ReadonlySet<string>;

  constructor(spec: ProcedureSpec, label: string) {
    this.#procedure = new CompiledProcedure(spec, label, pageReader(spec, label));
    this.#positions = positionsOf(spec, label);
    this.#sizeKey = keyOfArgument(spec, label, "page_size_in");
    this.#ownKeys = new Set([this.#sizeKey, ...this.#positions.map(({ argument }) => argument)]);
  }

  /** @throws {OptionError} @throws {ArgumentError} */
  read(
    invoke: Invoke,
    args: object,
    { pageSize = PAGE_SIZE, ...options }: IterateOptions,
  ): AsyncIterableIterator<unknown> {
    const { label } = this.#procedure;
    knownKeys(options, ["consistency", "signal"], "iterate");
    wholeNumber("pageSize", pageSize, 1, PAGE_SIZE_MAX);
    this.#refuseOwnKeys(args);
    return pages(async (after) => {
      const given = { ...args, ...after, [this.#sizeKey]: pageSize };
      const page = (await invoke(this.#procedure, given, options)) as Page;
      const next = page.rows.length < pageSize ? undefined : nextPosition(page, this.#positions, label);
      return { rows: page.rows, after: next };
    }, label);
  }

  #refuseOwnKeys(args: object): void {
    for (const key of Object.keys(args))
      if (this.#ownKeys.has(key)) throw this.#procedure.unknownArgument(key, this.#callersKeys());
  }

  #callersKeys(): string[] {
    return this.#procedure.spec.args.map(([key]) => key).filter((key) => !this.#ownKeys.has(key));
  }
}

const compiled: WeakMap<Contract, ReadonlyMap<string, ReadonlyMap<string, CompiledList>>> = new WeakMap();

/** The keyset-paged lists of all contracts, by schema key. */
export function iterateOf(contracts: readonly Contract[], invoke: Invoke): object {
  const iterate: Record<string, Record<string, unknown>> = {};
  for (const contract of contracts) {
    for (const [schema, lists] of listsOf(contract)) {
      iterate[schema] ??= {};
      for (const [key, list] of lists)
        iterate[schema][key] = (args: object = {}, options: IterateOptions = {}) => list.read(invoke, args, options);
    }
  }
  return iterate;
}

function listsOf(contract: Contract): ReadonlyMap<string, ReadonlyMap<string, CompiledList>> {
  let lists = compiled.get(contract);
  if (lists === undefined) {
    lists = new Map(
      Object.entries(contract.procedures).map(([schema, procedures]) => [
        schema,
        new Map(
          Object.entries(procedures)
            .filter(([, spec]) => spec.keyset !== undefined)
            .map(([key, spec]) => [key, new CompiledList(spec, `${schema}.${key}`)]),
        ),
      ]),
    );
    compiled.set(contract, lists);
  }
  return lists;
}

async function* pages(
  read: (after: object) => Promise<{ readonly rows: readonly unknown[]; readonly after: object | undefined }>,
  label: string,
): AsyncIterableIterator<unknown> {
  let after: object | undefined = {};
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof read>> = await read(after);
    yield* page.rows;
    if (page.after !== undefined && sameValues(page.after, after))
      throw new ResultError(label, "a page ends where the page before it ended, so the list would never end");
    after = page.after;
  }
}

function nextPosition({ rows, last }: Page, positions: readonly Position[], label: string): object {
  const after: Record<string, unknown> = {};
  for (const { argument, column, asText, key } of positions) {
    const value = asText ? last?.[column] : (rows.at(-1) as Record<string, unknown>)[key];
    if (value === null || value === undefined)
      throw new ResultError(
        label,
        `${key}, which the list is ordered by, has no value: there is no place to go on from`,
      );
    after[argument] = value;
  }
  return after;
}

function sameValues(one: object, other: object): boolean {
  const values = Object.entries(one);
  return values.length > 0 && values.every(([key, value]) => Reflect.get(other, key) === value);
}

function positionsOf(spec: ProcedureSpec, label: string): Position[] {
  return (spec.keyset ?? []).map((column) => {
    const index = spec.columns.findIndex(([, name]) => name === column);
    const [key, , type] = spec.columns[index] ?? [];
    if (key === undefined || type === undefined)
      throw new ResultError(label, `it has no column ${column}, which it is to be ordered by`);
    const argument = keyOfArgument(spec, label, `after_${column}_in`);
    return { argument, column: index, asText: sqlType(type).kind === "instant", key };
  });
}

function keyOfArgument(spec: ProcedureSpec, label: string, name: string): string {
  const found = spec.args.find((each) => each[1] === name);
  if (found === undefined) throw new ResultError(label, `it has no argument ${name}, which a list in pages needs`);
  return found[0];
}

function pageReader(spec: ProcedureSpec, label: string): AnswerReader {
  const { row } = answerReader(spec, label);
  return {
    row: (fields): RowWithFields => ({ row: row(fields), fields }),
    result: (rows): Page => {
      const pairs = rows as readonly RowWithFields[];
      return { rows: pairs.map((each) => each.row), last: pairs.at(-1)?.fields };
    },
  };
}
