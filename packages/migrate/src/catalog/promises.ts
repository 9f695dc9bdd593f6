import { type CatalogClient, rowOf, rowsOf } from "./catalog-client.ts";
import type { PromisedSignature } from "./promised-signature.ts";

/** A procedure as plinth_core's book of promises has it. */
export interface Promised {
  readonly schema: string;
  readonly name: string;
  readonly namespace: string;
  readonly mode: "read" | "write";
  readonly returns: "void" | "scalar" | "maybe" | "one" | "many";
  readonly service: string | undefined;
  readonly since: number;
  readonly deprecated: number | undefined;
  readonly signature: PromisedSignature;
  /** The namespace's version when this was last found kept. */
  readonly confirmedVersion: number;
}

/** Everything that was ever promised in this database, by schema and name; nothing before db-core's own migrations ran. Two queries. */
export async function listPromises(client: CatalogClient): Promise<Promised[]> {
  const { there } = await rowOf<{ there: boolean }>(
    client,
    "select pg_catalog.to_regprocedure('plinth_core.list_promises()') is not null as there",
  );
  if (!there) return [];
  const rows = await rowsOf<PromiseRow>(client, "select * from plinth_core.list_promises()");
  return rows.map((row) => ({
    schema: row.schema_name,
    name: row.procedure_name,
    namespace: row.namespace,
    mode: row.mode,
    returns: row.returns,
    service: row.service ?? undefined,
    since: row.since,
    deprecated: row.deprecated ?? undefined,
    signature: row.signature,
    confirmedVersion: row.confirmed_version,
  }));
}

/** Writes down what a namespace promises at `version`, in the caller's transaction. What stands as it did is not written again. */
export async function recordPromises(
  client: CatalogClient,
  namespace: string,
  version: number,
  promises: readonly Omit<Promised, "namespace" | "confirmedVersion">[],
): Promise<void> {
  const rows = promises.map((promise) => ({
    schema_name: promise.schema,
    procedure_name: promise.name,
    mode: promise.mode,
    returns: promise.returns,
    service: promise.service ?? null,
    since: promise.since,
    deprecated: promise.deprecated ?? null,
    signature: promise.signature,
  }));
  await client.query("select plinth_core.record_promises($1, $2, $3)", [namespace, version, JSON.stringify(rows)]);
}

interface PromiseRow {
  readonly schema_name: string;
  readonly procedure_name: string;
  readonly namespace: string;
  readonly mode: Promised["mode"];
  readonly returns: Promised["returns"];
  readonly service: string | null;
  readonly since: number;
  readonly deprecated: number | null;
  readonly signature: PromisedSignature;
  readonly confirmed_version: number;
}
