import { pascalCase } from "./camel-case.ts";
import { type MadeTypes, withoutDomains } from "./sql-types.ts";

/** What a value of a SQL type is in TypeScript and in zod. */
export interface ValueType {
  readonly typescript: string;
  /** The expression that makes the zod schema. */
  readonly zod: string;
  /** The type of that schema. */
  readonly zodType: string;
}

const number: ValueType = { typescript: "number", zod: "z.number()", zodType: "z.ZodNumber" };
const whole: ValueType = { typescript: "number", zod: "z.int()", zodType: "z.ZodInt" };
const text: ValueType = { typescript: "string", zod: "z.string()", zodType: "z.ZodString" };
const instant: ValueType = { typescript: "Date", zod: "z.date()", zodType: "z.ZodDate" };
const json: ValueType = { typescript: "Json", zod: "z.json()", zodType: "z.ZodJSONSchema" };

/** Types whose values are not strings. Of every other type, db-core hands over what the server writes. */
const known: ReadonlyMap<string, ValueType> = new Map([
  ["smallint", whole],
  ["integer", whole],
  ["oid", whole],
  ["real", number],
  ["double precision", number],
  ["bigint", { typescript: "bigint", zod: "z.bigint()", zodType: "z.ZodBigInt" }],
  ["boolean", { typescript: "boolean", zod: "z.boolean()", zodType: "z.ZodBoolean" }],
  ["timestamp with time zone", instant],
  ["timestamp without time zone", instant],
  ["json", json],
  ["jsonb", json],
  [
    "bytea",
    { typescript: "Uint8Array", zod: "z.instanceof(Uint8Array)", zodType: "z.ZodCustom<Uint8Array, Uint8Array>" },
  ],
]);

/** A time as an argument: as text too, which has microseconds and `infinity`. */
const instantArgument: ValueType = {
  typescript: "Date | string",
  zod: "z.union([z.date(), z.string()])",
  zodType: "z.ZodUnion<readonly [z.ZodDate, z.ZodString]>",
};

/** Gives the TypeScript types of values, and remembers which enums and JSON were used, for the file that uses them. */
export class ValueTypes {
  readonly #made: MadeTypes;
  readonly #prefixed: boolean;
  readonly #enums = new Map<string, readonly string[]>();
  readonly #problems: string[] = [];
  readonly #jsonTypes = new Set<string>();
  usesJson = false;

  /** `prefixed`: the schema is part of a type's name, because the file holds several. */
  constructor(made: MadeTypes, prefixed: boolean) {
    this.#made = made;
    this.#prefixed = prefixed;
  }

  /** Enums in use, by the name of their type, each once, in order. */
  get enums(): readonly (readonly [name: string, labels: readonly string[]])[] {
    return [...this.#enums].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The named types of JSON values in use. */
  get jsonTypes(): readonly string[] {
    return [...this.#jsonTypes].sort();
  }

  /** A named type of JSON values, noted as used. */
  jsonOf(name: string): ValueType {
    this.#jsonTypes.add(name);
    return { ...json, typescript: name };
  }

  /** Types that can't be had, and enums whose names collide. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** The SQL type that codecs go by: domains are their base. */
  sqlType(type: string): string {
    return withoutDomains(type, this.#made);
  }

  /** What a value may be that is given as an argument. */
  ofArgument(type: string, where: string): ValueType {
    const plain = this.sqlType(type);
    if (plain.endsWith("[]")) return arrayOf(this.ofArgument(plain.slice(0, -2), where));
    const value = this.of(type, where);
    return value === instant ? instantArgument : value;
  }

  /** `where` is for the message, should there be no such type: `gallery.get_photo, column tags`. */
  of(type: string, where: string): ValueType {
    const plain = this.sqlType(type);
    if (plain.endsWith("[]")) return arrayOf(this.of(plain.slice(0, -2), where));
    const made = this.#made.get(plain);
    if (made?.kind === "composite" || plain === "record") {
      this.#problems.push(`${where} is of type ${type}, a row within a row: return its columns, or json`);
      return text;
    }
    if (made?.kind === "enum") return this.#enum(made.schema, made.name, made.labels, where);
    const value = known.get(plain) ?? text;
    if (value === json) this.usesJson = true;
    return value;
  }

  #enum(schema: string, name: string, labels: readonly string[], where: string): ValueType {
    const typescript = this.#prefixed ? pascalCase(`${schema}_${name}`) : pascalCase(name);
    const before = this.#enums.get(typescript);
    if (before !== undefined && before.join("\0") !== labels.join("\0"))
      this.#problems.push(`${where} is of the enum ${schema}.${name}, and another one is called ${typescript} too`);
    this.#enums.set(typescript, labels);
    const members = labels.map((label) => JSON.stringify(label));
    return {
      typescript,
      zod: `z.enum([${members.join(", ")}])`,
      zodType: `z.ZodEnum<{ ${members.map((label) => `${label}: ${label}`).join("; ")} }>`,
    };
  }
}

/** A value that may be null as well. */
export function nullable(value: ValueType): ValueType {
  return {
    typescript: `${value.typescript} | null`,
    zod: `${value.zod}.nullable()`,
    zodType: `z.ZodNullable<${value.zodType}>`,
  };
}

function arrayOf(element: ValueType): ValueType {
  return {
    typescript: element.typescript.includes(" ") ? `(${element.typescript})[]` : `${element.typescript}[]`,
    zod: `z.array(${element.zod})`,
    zodType: `z.ZodArray<${element.zodType}>`,
  };
}
