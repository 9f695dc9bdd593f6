import { expect, test } from "@jest/globals";
import { compareProcedure, isWidened, type LockedProcedure } from "./call-compatible.ts";

const PROMISED: LockedProcedure = {
  schema: "s",
  name: "p",
  mode: "read",
  returns: "maybe",
  since: 1,
  args: [
    { name: "a_in", type: "bigint", hasDefault: false },
    { name: "b_in", type: "text", hasDefault: true },
  ],
  columns: [
    { name: "id", type: "bigint" },
    { name: "body", type: "json" },
  ],
};

const [A, B] = PROMISED.args as [LockedProcedure["args"][0], LockedProcedure["args"][0]];
const [ID, BODY] = PROMISED.columns as [LockedProcedure["columns"][0], LockedProcedure["columns"][0]];

function parts(change: Partial<LockedProcedure>, promised: Partial<LockedProcedure> = {}): readonly string[] {
  const before = { ...PROMISED, ...promised };
  return compareProcedure(before, { ...before, ...change }).map(({ part, name }) =>
    name === undefined ? part : `${part} ${name}`,
  );
}

test("what only adds is compatible, and wider", () => {
  const added = { name: "c_in", type: "integer", hasDefault: true };
  for (const change of [
    { args: [A, B, added] },
    { args: [{ ...A, hasDefault: true }, B] },
    { columns: [ID, BODY, { name: "x", type: "text" }] },
  ]) {
    expect(parts(change)).toEqual([]);
    expect(isWidened(PROMISED, { ...PROMISED, ...change })).toBe(true);
  }
  expect(parts({ deprecated: 3 })).toEqual([]);
  expect(parts({ service: undefined }, { service: "gallery" })).toEqual([]);
  expect(isWidened(PROMISED, PROMISED)).toBe(false);
  expect(isWidened(PROMISED, { ...PROMISED, deprecated: 3 })).toBe(false);
});

test.each<[string, Partial<LockedProcedure>, readonly string[]]>([
  ["an argument gone", { args: [A] }, ["argument b_in"]],
  ["an argument renamed", { args: [{ ...A, name: "x_in" }, B] }, ["argument a_in"]],
  ["an argument of another type", { args: [{ ...A, type: "integer" }, B] }, ["argument a_in"]],
  ["arguments in another order", { args: [B, A] }, ["argument a_in", "argument b_in"]],
  ["a default gone", { args: [A, { ...B, hasDefault: false }] }, ["argument b_in"]],
  ["a new argument without default", { args: [A, B, { ...A, name: "c_in" }] }, ["argument c_in"]],
  ["a column gone", { columns: [ID] }, ["column body"]],
  ["a column renamed", { columns: [ID, { ...BODY, name: "x" }] }, ["column body"]],
  ["a column of another type", { columns: [ID, { ...BODY, type: "jsonb" }] }, ["column body"]],
  ["a new column in front", { columns: [{ name: "x", type: "text" }, ID, BODY] }, ["column id", "column body"]],
  ["another mode", { mode: "write" }, ["mode"]],
  ["another cardinality", { returns: "one" }, ["returns"]],
  ["another since", { since: 2 }, ["since"]],
  ["a service where there was none", { service: "gallery" }, ["service"]],
])("%s breaks the promise", (_what, change, expected) => {
  expect(parts(change)).toEqual(expected);
});

test("a service does not change hands, a deprecation stays, a scalar stays one value", () => {
  expect(parts({ service: "other" }, { service: "gallery" })).toEqual(["service"]);
  expect(parts({ deprecated: undefined }, { deprecated: 3 })).toEqual(["deprecated"]);
  expect(parts({ deprecated: 4 }, { deprecated: 3 })).toEqual(["deprecated"]);
  const scalar = { returns: "scalar", columns: [{ name: "", type: "bigint" }] } as const;
  expect(parts({ columns: [...scalar.columns, ID] }, scalar)).toEqual(["column id"]);
});

/** A call by argument names, as generated code makes it: which arguments are given, and which columns are read with which type. */
interface OldCall {
  readonly given: readonly string[];
  readonly reads: readonly string[];
}

/** What Postgres does with a call by name: every argument given is known with its type, every other has a default; every column read is there. */
function works(call: OldCall, procedure: LockedProcedure): boolean {
  const args = new Map(procedure.args.map((each) => [`${each.name} ${each.type}`, each]));
  const columns = new Set(procedure.columns.map((each) => `${each.name} ${each.type}`));
  return (
    call.given.every((each) => args.has(each)) &&
    procedure.args.every((each) => each.hasDefault || call.given.includes(`${each.name} ${each.type}`)) &&
    call.reads.every((each) => columns.has(each))
  );
}

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

function generated(pick: (below: number) => number): LockedProcedure {
  const count = pick(4);
  // As in Postgres, whatever follows a default has one.
  const firstDefault = pick(count + 1);
  const type = () => ["bigint", "text"][pick(2)] ?? "text";
  return {
    ...PROMISED,
    args: Array.from({ length: count }, (_, at) => ({ name: `a${at}`, type: type(), hasDefault: at >= firstDefault })),
    columns: Array.from({ length: 1 + pick(3) }, (_, at) => ({ name: `c${at}`, type: type() })),
  };
}

/** Every call that older code may contain. */
function callsOf(procedure: LockedProcedure): readonly OldCall[] {
  const reads = procedure.columns.map((each) => `${each.name} ${each.type}`);
  const required = procedure.args.filter((each) => !each.hasDefault).map((each) => `${each.name} ${each.type}`);
  const all = procedure.args.map((each) => `${each.name} ${each.type}`);
  return [required, all, ...all.slice(required.length).map((each) => [...required, each])].map((given) => ({
    given,
    reads,
  }));
}

test("what is found compatible takes every call that worked; what is not, refuses one, in generated pairs", () => {
  const pick = numbers(7);
  let compatible = 0;
  let broken = 0;
  for (let round = 0; round < 20_000; round++) {
    const before = generated(pick);
    const after = generated(pick);
    const same = compareProcedure(before, after).length === 0;
    const allWork = callsOf(before).every((call) => works(call, after));
    expect({ before, after, same }).toEqual({ before, after, same: allWork });
    if (same) compatible++;
    else broken++;
  }
  expect(compatible).toBeGreaterThan(500);
  expect(broken).toBeGreaterThan(500);
});

test("compatible with what is compatible is compatible, and each is with itself", () => {
  const pick = numbers(11);
  for (let round = 0; round < 20_000; round++) {
    const [first, second, third] = [generated(pick), generated(pick), generated(pick)] as const;
    expect(compareProcedure(first, first)).toEqual([]);
    if (compareProcedure(first, second).length === 0 && compareProcedure(second, third).length === 0)
      expect(compareProcedure(first, third)).toEqual([]);
  }
});
