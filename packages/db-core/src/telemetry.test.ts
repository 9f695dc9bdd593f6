import { afterAll, afterEach, expect, test } from "@jest/globals";
import { type Attributes, metrics, type SpanOptions, trace } from "@opentelemetry/api";
import { connect } from "./connect.ts";
import { procedure, procedureDatabase, shopContract } from "./fixtures/procedure-database.ts";
import { isObserved } from "./telemetry.ts";

const contract = shopContract({
  half: procedure("half", "read", "scalar", { of: "integer" }, { value: "integer" }),
});
const database = await procedureDatabase(`
  create schema shop;
  create function shop.half(of_in integer) returns integer language sql stable begin atomic select 100 / of_in; end;
`);
const db = await connect({ writeUrl: database.url });
const half = db.procsOf(contract).shop.half!;

interface Reported {
  readonly name: string;
  readonly attributes: Attributes;
  ended: boolean;
}

const spans: Reported[] = [];
const durations: { readonly seconds: number; readonly attributes: Attributes }[] = [];

afterEach(() => {
  trace.disable();
  metrics.disable();
  spans.length = 0;
  durations.length = 0;
});

afterAll(async () => {
  await db.close();
  await database.drop();
});

/** What an SDK would register, keeping what it is told. */
function register(): void {
  const startSpan = (name: string, { attributes = {} }: SpanOptions = {}): object => {
    const span: Reported = { name, attributes: { ...attributes }, ended: false };
    spans.push(span);
    return {
      setAttributes: (more: Attributes) => Object.assign(span.attributes, more),
      setStatus: (status: { readonly code: number }) => Object.assign(span.attributes, { status: status.code }),
      end: () => Object.assign(span, { ended: true }),
    };
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as never);
  const createHistogram = (): object => ({
    record: (seconds: number, attributes: Attributes) => durations.push({ seconds, attributes }),
  });
  metrics.setGlobalMeterProvider({ getMeter: () => ({ createHistogram }) } as never);
}

test("without an SDK nothing is reported", async () => {
  expect(isObserved()).toBe(false);
  expect(await half({ of: 2 })).toBe(50);
});

test("a call is a span and a duration with the database's semantic attributes", async () => {
  register();
  await half({ of: 2 });
  const attributes = {
    "db.system.name": "postgresql",
    "db.namespace": database.name,
    "db.operation.name": "CALL",
    "db.stored_procedure.name": "shop.half",
    "db.query.summary": "CALL shop.half",
    "server.address": new URL(database.url).hostname,
    "server.port": Number(new URL(database.url).port),
  };
  expect(spans).toEqual([{ name: "CALL shop.half", attributes, ended: true }]);
  expect(durations).toEqual([{ seconds: expect.any(Number), attributes }]);
});

test("a failed call says its SQLSTATE, inside a transaction too, and no value", async () => {
  register();
  await expect(half({ of: 0 })).rejects.toThrow();
  await expect(db.transaction((tx) => tx.procsOf(contract).shop.half!({ of: 0 }))).rejects.toThrow();
  await expect(db.query("select 1/0")).rejects.toThrow();
  expect(
    spans.map(({ name, attributes, ended }) => [name, attributes["db.response.status_code"], attributes.status, ended]),
  ).toEqual([
    ["CALL shop.half", "22012", 2, true],
    ["CALL shop.half", "22012", 2, true],
    ["QUERY", "22012", 2, true],
  ]);
  expect(durations.map(({ attributes }) => attributes["error.type"])).toEqual(["22012", "22012", "22012"]);
});
