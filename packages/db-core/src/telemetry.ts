import {
  type Attributes,
  createNoopMeter,
  type Histogram,
  type MeterProvider,
  metrics,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { DatabaseError } from "./database-error.ts";
import { PlinthError } from "./plinth-error.ts";

const SCOPE = "@plinth/db-core";
const NO_METER = createNoopMeter();

/** Who is asked, as the semantic conventions for databases say it. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

/** What is done there. */
export interface Operation {
  /** `CALL gallery.get_photo`, `QUERY` */
  readonly summary: string;
  readonly attributes: Attributes;
}

/** Whether the application set anything up that would hear of a call. All that telemetry costs where it did not. */
export function isObserved(): boolean {
  return tracer() !== undefined || metrics.getMeter(SCOPE) !== NO_METER;
}

/** Reports a span and a duration of what `work` does. */
export async function observe<Result>(peer: Peer, operation: Operation, work: () => Promise<Result>): Promise<Result> {
  const attributes: Attributes = {
    "db.system.name": "postgresql",
    "db.namespace": peer.database,
    "db.query.summary": operation.summary,
    "server.address": peer.host,
    "server.port": peer.port,
    ...operation.attributes,
  };
  const span = tracer()?.startSpan(operation.summary, { kind: SpanKind.CLIENT, attributes });
  const startedAt = performance.now();
  try {
    return await work();
  } catch (error) {
    Object.assign(attributes, attributesOf(error));
    span?.setAttributes(attributesOf(error));
    span?.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof PlinthError ? error.code : "error" });
    throw error;
  } finally {
    durations()?.record((performance.now() - startedAt) / 1000, attributes);
    span?.end();
  }
}

/** The message stays out: it may hold values of rows. */
function attributesOf(error: unknown): Attributes {
  if (error instanceof DatabaseError && error.sqlstate !== "")
    return { "error.type": error.sqlstate, "db.response.status_code": error.sqlstate };
  return { "error.type": error instanceof PlinthError ? error.code : "_OTHER" };
}

function tracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  // The stand-in that is there before any SDK knows whether one came.
  if ("getDelegateTracer" in provider)
    return (provider as { getDelegateTracer(name: string): Tracer | undefined }).getDelegateTracer(SCOPE);
  return provider.getTracer(SCOPE);
}

let histogram: { readonly provider: MeterProvider; readonly durations: Histogram } | undefined;

function durations(): Histogram | undefined {
  const provider = metrics.getMeterProvider();
  const meter = metrics.getMeter(SCOPE);
  if (meter === NO_METER) return undefined;
  if (histogram?.provider !== provider) {
    const made = meter.createHistogram("db.client.operation.duration", {
      unit: "s",
      description: "Duration of database client operations.",
      advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    });
    histogram = { provider, durations: made };
  }
  return histogram.durations;
}
