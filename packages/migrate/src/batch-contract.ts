import type { Access } from "./access.ts";
import type { Annotation } from "./annotations.ts";
import { adoptSchemas } from "./catalog/adopt-schemas.ts";
import { type CatalogClient, quoteName, rowOf, rowsOf } from "./catalog/catalog-client.ts";
import { procedureKey } from "./catalog/catalog-procedure.ts";
import { keepFunctionsPrivate } from "./catalog/private-functions.ts";
import { signatureOf } from "./catalog/promised-signature.ts";
import { listPromises, type Promised, recordPromises } from "./catalog/promises.ts";
import { pinCatalogPath, readProcedures } from "./catalog/read-procedures.ts";
import { type RoutineGrant, readRoutineGrants, restoreRoutineGrants } from "./catalog/routine-grants.ts";
import { findContractProblems } from "./contract-check.ts";
import { ContractError } from "./contract-error.ts";
import { checkAgainst, type ReadableProcedure } from "./grants/wanted-grants.ts";
import { versionOf } from "./lock-check.ts";
import type { Migrations, Namespace } from "./migrations.ts";

/** What a batch is about. */
export interface Batch {
  readonly namespace: Namespace;
  readonly migrations: Migrations;
  /** `undefined`: there is no access.json, and the migrating role owns everything. */
  readonly access: Access | undefined;
}

/** What was so before a batch, for {@link finishBatch}. */
export interface BatchMemory {
  readonly grants: readonly RoutineGrant[];
}

/**
 * Before the first file of a batch, in its transaction: sets the role that will own what the files make, sees to it that no function they
 * make is PUBLIC's even for a moment, and remembers who may execute what, should a file drop it and another make it again.
 */
export async function beginBatch(client: CatalogClient, batch: Omit<Batch, "migrations">): Promise<BatchMemory> {
  const ownerRole = batch.access?.ownerRole;
  if (ownerRole !== undefined) await adoptSchemas(client, ownerRole);
  const owner = await actAsOwner(client, batch.access);
  await keepFunctionsPrivate(client, owner);
  return withCatalogPath(client, async () => {
    const promises = (await listPromises(client)).filter(isOf(batch.namespace));
    const grants = await readRoutineGrants(client, [...new Set(promises.map((promise) => promise.schema))]);
    const toEverybody = grants.filter((grant) => grant.role === null);
    // Somebody granted these by hand since the last run. Taken back now, so that what PUBLIC has at the end is a file's doing.
    if (toEverybody.length > 0)
      await client.query(
        toEverybody.map((grant) => `revoke execute on routine ${grant.object} from public cascade`).join(";\n"),
      );
    return { grants: grants.filter((grant) => grant.role !== null) };
  });
}

/**
 * After the last file of a batch and its rows in the ledger, before COMMIT: gives back what was granted on functions that were dropped and
 * made again, checks every promise of the namespace and every procedure that its files annotate, and writes the promises down.
 *
 * `annotations` are those of all the namespace's files, run now or before.
 *
 * @throws {ContractError} With everything that is wrong. The caller rolls the batch back.
 * @throws {AccessFileError} It is the last batch, and access.json names what is not there. The caller rolls the batch back.
 */
export async function finishBatch(
  client: CatalogClient,
  batch: Batch & {
    readonly annotations: readonly Annotation[];
    readonly memory?: BatchMemory | undefined;
    /** Nothing runs after it: what access.json names has to be there now. */
    readonly last?: boolean | undefined;
  },
): Promise<void> {
  const { namespace } = batch;
  const owner = await actAsOwner(client, batch.access);
  await withCatalogPath(client, async () => {
    await restoreRoutineGrants(client, batch.memory?.grants ?? []);
    const promises = await listPromises(client);
    // An older checkout has older annotations, and its repeatable files don't run. What is promised holds all the same.
    const isOlder = promises.some(
      (promise) => isOf(namespace)(promise) && promise.confirmedVersion > versionOf(namespace),
    );
    const annotations = isOlder ? [] : batch.annotations;
    const { problems, found } = await checkNamespace(client, { namespace, annotations, promises, owner });
    throwIfAny(namespace, problems);
    if (batch.last === true && !isOlder && batch.access !== undefined)
      await checkNamed(client, batch.access, [...promises, ...annotations]);
    if (isOlder || (annotations.length === 0 && !promises.some(isOf(namespace)))) return;
    const catalog = new Map(found.map((procedure) => [procedureKey(procedure), procedure]));
    const kept = annotations.map((annotation) => ({
      ...annotation,
      signature: signatureOf(catalog.get(procedureKey(annotation))!),
    }));
    await recordPromises(client, namespace.name, versionOf(namespace), kept);
  });
}

/**
 * Checks what is promised in the database against its catalog, for every namespace of the graph. Reads only; the caller's transaction.
 *
 * @throws {ContractError} Of the first namespace that doesn't keep its promises, with everything that is wrong there.
 */
export async function checkContracts(client: CatalogClient, batch: Omit<Batch, "namespace">): Promise<void> {
  const owner = await actAsOwner(client, batch.access);
  await withCatalogPath(client, async () => {
    const promises = await listPromises(client);
    for (const namespace of batch.migrations.namespaces) {
      const { problems } = await checkNamespace(client, { namespace, annotations: [], promises, owner });
      throwIfAny(namespace, problems);
    }
  });
}

/**
 * The annotated procedures that the database doesn't have. A numbered file that drops what a `begin atomic` body uses drops such functions;
 * the repeatable files that make them have to run again, changed or not. One query.
 */
export async function missingProcedures(
  client: CatalogClient,
  annotations: readonly Annotation[],
): Promise<readonly Annotation[]> {
  if (annotations.length === 0) return [];
  const there = await rowsOf<{ schema: string; name: string }>(
    client,
    `select n.nspname as schema, p.proname as name
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any ($1::text[])`,
    [[...new Set(annotations.map((annotation) => annotation.schema))]],
  );
  const keys = new Set(there.map(procedureKey));
  return annotations.filter((annotation) => !keys.has(procedureKey(annotation)));
}

async function checkNamespace(
  client: CatalogClient,
  given: {
    readonly namespace: Namespace;
    readonly annotations: readonly Annotation[];
    readonly promises: readonly Promised[];
    readonly owner: string;
  },
) {
  const { namespace, annotations, promises, owner } = given;
  const own = promises.filter(isOf(namespace));
  const found = await readProcedures(client, [...new Set([...own, ...annotations].map(({ schema }) => schema))]);
  const versions = own.map((promise) => promise.confirmedVersion);
  const terms = {
    namespace: namespace.name,
    version: Math.max(versionOf(namespace), ...versions),
    confirmedVersion: versions.length === 0 ? undefined : Math.max(...versions),
    owner,
  };
  return { problems: findContractProblems({ terms, annotations, promises, found }), found };
}

function throwIfAny(namespace: Namespace, problems: ReturnType<typeof findContractProblems>): void {
  const [first, ...others] = problems;
  if (first !== undefined) throw new ContractError(namespace.name, [first, ...others]);
}

/** What access.json names, held against what the transaction would leave. One query. */
async function checkNamed(
  client: CatalogClient,
  access: Access,
  promises: readonly ReadableProcedure[],
): Promise<void> {
  const schemas = await rowsOf<{ name: string }>(client, "select nspname::text as name from pg_catalog.pg_namespace");
  checkAgainst(
    access,
    promises,
    schemas.map(({ name }) => name),
  );
}

/** The role that owns everything from here to the end of the transaction. */
async function actAsOwner(client: CatalogClient, access: Access | undefined): Promise<string> {
  if (access?.ownerRole !== undefined) await client.query(`set local role ${quoteName(access.ownerRole)}`);
  const { role } = await rowOf<{ role: string }>(client, "select current_user::text as role");
  return role;
}

/** Type names with their schemas, and the files' search_path as it was. */
async function withCatalogPath<Result>(client: CatalogClient, work: () => Promise<Result>): Promise<Result> {
  const { path } = await rowOf<{ path: string }>(client, "select pg_catalog.current_setting('search_path') as path");
  await pinCatalogPath(client);
  const result = await work();
  await client.query("select pg_catalog.set_config('search_path', $1, true)", [path]);
  return result;
}

function isOf(namespace: Namespace): (promise: Promised) => boolean {
  return (promise) => promise.namespace === namespace.name;
}
