import { afterAll, expect, test } from "@jest/globals";
import { ArgumentError } from "./argument-error.ts";
import { connect } from "./connect.ts";
import type { ProcedureSpec } from "./contract.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";

/** SQL type, and values that come back as they went. */
const ROUND_TRIPS: readonly (readonly [type: string, ...values: unknown[]])[] = [
  ["bigint", 0n, -9223372036854775808n, 9223372036854775807n],
  ["integer", 0, -2147483648, 2147483647],
  ["smallint", 7],
  ["real", 0.5, Number.POSITIVE_INFINITY],
  ["double precision", 0.1, Number.NaN, Number.NEGATIVE_INFINITY, 1e300],
  ["numeric", "0.10", "123456789012345678901234567890.5", "NaN"],
  ["boolean", true, false],
  ["text", "", 'it\'s "quoted" \\ {x}', "ünï 🎉", "x".repeat(100_000)],
  ["uuid", "6f9619ff-8b86-d011-b42d-00c04fc964ff"],
  ["date", "2026-11-21", "infinity"],
  ["time without time zone", "12:34:56.789"],
  ["interval", "1 day 02:03:04"],
  ["json", { a: [1, null, "x"] }, [], ["a"], "text", 5, true, { "": "\u0000" }],
  ["jsonb", { a: 1 }, [[1], [2]], "null"],
  ["bytea", new Uint8Array(), new Uint8Array([0, 1, 255]), new Uint8Array([9, 8, 7, 6]).subarray(1, 3)],
  [
    "timestamp with time zone",
    new Date(0),
    new Date("2026-11-21T07:26:20.123Z"),
    new Date(-62198755200001),
    new Date(253402300800000),
  ],
  ["timestamp without time zone", new Date("2026-03-29T02:30:00.007Z"), new Date("0044-03-15T00:00:00Z")],
  ["bigint[]", [], [1n, null, -3n], [[1n], [2n]]],
  [
    "text[]",
    ["", "NULL", null, 'a"b\\c', "{,}", " "],
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["jsonb[]", [{ a: 1 }, [1, 2], "x", null]],
  ["bytea[]", [new Uint8Array([1, 2]), null, new Uint8Array()]],
  ["timestamp with time zone[]", [new Date("2026-11-21T07:26:20.120Z"), null]],
  ["boolean[]", [true, false, null]],
  ["double precision[]", [0.1, Number.NaN]],
  ["shop.size", "small"],
  ["shop.size[]", ["small", "large"]],
];

const names = ROUND_TRIPS.map(([type], index) => [`echo_${index}`, type] as const);
const specs: Record<string, ProcedureSpec> = Object.fromEntries(
  names.map(([name, type]) => [
    name,
    procedure(name, "read", "scalar", { value: type }, { value: type }, { nullable: true }),
  ]),
);
const contract = shopContract({
  ...specs,
  read: procedure("read", "read", "maybe", { text: "text" }, { at: "timestamptz", zoned: "text" }),
  count: procedure("count", "read", "many", { upto: "integer" }, { value: "integer" }, { setOfScalars: true }),
  nothing: procedure("nothing", "read", "void"),
  exactlyOne: procedure("rows", "read", "one", { count: "integer" }, { n: "integer" }),
  atMostOne: procedure("rows", "read", "maybe", { count: "integer" }, { n: "integer" }),
  optional: procedure("optional", "read", "scalar", { a: "text?", b: "text?" }, { value: "text" }),
  kindOfNull: procedure("kind_of_null", "read", "scalar", { value: "json" }, { value: "text" }),
  kindOfNullable: {
    ...procedure("kind_of_null", "read", "scalar", {}, { value: "text" }),
    args: [["value", "value_in", "json", false, "nullable"]],
  },
  notNull: procedure("echo_0", "read", "scalar", { value: "bigint" }, { value: "bigint" }),
  bigRow: procedure("big_row", "read", "one", {}, { order: "integer", select: "text" }),
});

const database = await procedureDatabase(`
  create schema shop;
  create type shop.size as enum ('small', 'large');
  ${names.map(([name, type]) => `create function shop.${name}(value_in ${type}) returns ${type} language sql stable begin atomic select value_in; end;`).join("\n")}
  create function shop.read(text_in text) returns table (at timestamptz, zoned text) language sql stable begin atomic select text_in::timestamptz, text_in; end;
  create function shop.count(upto_in integer) returns setof integer language sql stable begin atomic select generate_series(1, upto_in); end;
  create function shop.kind_of_null(value_in json) returns text language sql stable begin atomic select coalesce(json_typeof(value_in), 'SQL null'); end;
  create function shop.nothing() returns void language sql stable begin atomic select; end;
  create function shop.rows(count_in integer) returns table (n integer) language sql stable begin atomic select generate_series(1, count_in); end;
  create function shop.optional(a_in text default 'a', b_in text default 'b') returns text language sql stable
    begin atomic select coalesce(a_in, 'null') || coalesce(b_in, 'null'); end;
  create function shop.big_row() returns table ("order" integer, "select" text) language sql stable begin atomic select 1, 'x'::text; end;
`);
const pipelined = await connect({ writeUrl: database.url });
const guarded = await connect({ writeUrl: database.url, pipeline: false });
const call = (name: string, args?: object): Promise<unknown> => pipelined.procsOf(contract).shop[name]!(args);

afterAll(async () => {
  await pipelined.close();
  await guarded.close();
  await database.drop();
});

test.each(ROUND_TRIPS.map(([type, ...values], index) => ({ type, values, index })))(
  "$type comes back as it went, null included",
  async ({ index, values }) => {
    for (const db of [pipelined, guarded]) {
      const echo = db.procsOf(contract).shop[`echo_${index}`]!;
      for (const value of [...values, null]) expect(await echo({ value })).toEqual(value);
    }
  },
);

test("null is JSON's own, and the SQL NULL where the argument is nullable", async () => {
  expect(await call("kindOfNull", { value: null })).toBe("null");
  expect(await call("kindOfNullable", { value: null })).toBe("SQL null");
  expect(await call("kindOfNullable", { value: { a: null } })).toBe("object");
});

test.each(["UTC", "Asia/Kolkata", "America/St_Johns"])(
  "a time is read as it was meant in a session in %s",
  async (zone) => {
    await guarded.query(`alter database ${database.name} set timezone = '${zone}'`);
    const db = await connect({ writeUrl: database.url });
    const texts = [
      "2026-11-21 07:26:20.123999+05:30",
      "2026-11-21 07:26:20+00",
      "1850-01-01 00:00:00+00:53:28",
      "0001-01-01 00:00:00+00",
      "0099-12-31 23:59:59.9+00",
      "0044-03-15 12:00:00+00 BC",
    ];
    for (const text of texts) {
      const row = (await db.procsOf(contract).shop.read!({ text })) as { at: Date };
      const epoch = "select floor(extract(epoch from $1::timestamptz) * 1000)::text as ms";
      expect(row.at.getTime()).toBe(Number((await db.query<{ ms: string }>(epoch, [text])).rows[0]?.ms));
    }
    await db.close();
  },
);

test("infinity is no Date: the answer is refused, and says which column", async () => {
  await expect(call("read", { text: "infinity" })).rejects.toMatchObject({
    code: "RESULT_INVALID",
    message: expect.stringContaining("at: infinity"),
  });
});

test("cardinality is what the contract says", async () => {
  expect(await call("count", { upto: 3 })).toEqual([1, 2, 3]);
  expect(await call("count", { upto: 0 })).toEqual([]);
  expect(await call("nothing")).toBeUndefined();
  expect(await call("exactlyOne", { count: 1 })).toEqual({ n: 1 });
  expect(await call("atMostOne", { count: 0 })).toBeUndefined();
  await expect(call("exactlyOne", { count: 0 })).rejects.toMatchObject({ code: "RESULT_INVALID" });
  await expect(call("atMostOne", { count: 2 })).rejects.toMatchObject({ code: "RESULT_INVALID" });
  expect(await call("bigRow")).toEqual({ order: 1, select: "x" });
});

test("a value that is NULL is refused where nobody said that it may be, with what to write", async () => {
  expect(await call("notNull", { value: 0n })).toBe(0n);
  await expect(call("notNull", { value: null })).rejects.toMatchObject({
    code: "RESULT_INVALID",
    message: expect.stringContaining("-- @column echo_0 nullable"),
  });
});

test("an argument that is left out has its default, null is null", async () => {
  expect(await call("optional")).toBe("ab");
  expect(await call("optional", { b: "y" })).toBe("ay");
  expect(await call("optional", { a: null, b: undefined })).toBe("nullb");
  expect(await call("optional", { a: "x", b: "y" })).toBe("xy");
});

test.each([
  ["a missing argument", "echo_0", {}],
  ["a number that is not exact", "echo_0", { value: 2 ** 53 }],
  ["text with a NUL", "echo_7", { value: "a\0b" }],
  ["a NUL inside an array", "echo_18", { value: ["a\0b"] }],
  ["an invalid Date", "echo_15", { value: new Date(Number.NaN) }],
  ["what JSON has no word for", "echo_12", { value: () => {} }],
  ["a value that contains itself", "echo_12", { value: { n: 1n } }],
  ["a single value for an array", "echo_17", { value: 1n }],
  ["a misspelt argument", "optional", { A: "x" }],
  ["no object", "optional", "x"],
])("%s is refused before anything is sent", async (_what, name, args) => {
  await expect(call(name, args as object)).rejects.toBeInstanceOf(ArgumentError);
});

test("an argument that is not known is named first, with what was probably meant, and without its value", async () => {
  await expect(call("echo_7", { valeu: "s3cret" })).rejects.toMatchObject({
    argument: "valeu",
    message: "unknown argument valeu of shop.echo_7; did you mean value? it has value",
  });
  await expect(call("nothing", { a: 1 })).rejects.toThrow("unknown argument a of shop.nothing; it takes no arguments");
  await expect(call("echo_0", { value: "s3cret" })).rejects.toThrow(
    /must be a bigint, .* but is a string of length 6$/,
  );
});
