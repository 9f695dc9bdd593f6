import type { Access } from "./access.ts";
import type { Annotation } from "./annotations.ts";
import { runBatch } from "./batch.ts";
import type { BatchMemory } from "./batch-contract.ts";
import type { MigrationFile, Migrations, Namespace } from "./migrations.ts";
import type { PlannedFile } from "./plan.ts";
import { readMigration } from "./read-migration.ts";
import type { Runner } from "./runner.ts";

/** What one namespace has to do in a run. */
export interface NamespaceRun {
  readonly namespace: Namespace;
  readonly migrations: Migrations;
  readonly pending: readonly PlannedFile[];
  /** The database is newer than these files: no repeatable one of them may run. */
  readonly ahead: boolean;
  readonly access: Access | undefined;
  /** No namespace after it has anything to run, and the grants will be settled: what access.json names has to be there. */
  readonly last: boolean;
  readonly transaction: "namespace" | "file";
  started(file: MigrationFile): void;
  ran(file: MigrationFile, durationMs: number): void;
}

/** Files that share a transaction, or one that has none. */
type Segment = { readonly files: readonly MigrationFile[] } | { readonly alone: PlannedFile };

/**
 * Runs what is pending of one namespace. Its procedures are held against their promises in the last transaction: when one before it has dropped what a
 * later one makes again, that is no breach.
 */
export async function runNamespace(runner: Runner, work: NamespaceRun): Promise<void> {
  // Loaded here: a run with nothing to do walks past all this.
  const contract = await import("./batch-contract.ts");
  const { restoreRoutineGrants } = await import("./catalog/routine-grants.ts");
  const { client } = runner.session;
  const { namespace, migrations, access } = work;
  const annotations = await readProcedures(namespace);
  const segments = segmentsOf(work);
  let memory: BatchMemory | undefined;
  for (const [index, segment] of segments.entries()) {
    if ("alone" in segment) {
      await runAlone(runner, work, segment.alone);
      continue;
    }
    const last = index === segments.length - 1;
    let before: BatchMemory | undefined;
    const grants = () => [...(memory?.grants ?? []), ...(before?.grants ?? [])];
    await runBatch(runner, {
      ...work,
      namespace: namespace.name,
      files: segment.files,
      begin: async () => {
        // Once: with a transaction a file, what was so before the first one is what counts.
        if (memory === undefined || last) before = await contract.beginBatch(client, { namespace, access });
      },
      again: async (checked) => {
        if (!last || work.ahead || annotations.length === 0) return [];
        await checked();
        // What a file dropped because it dropped something underneath is made again, though its own file has not changed.
        const missing = await contract.missingProcedures(client, annotations);
        const paths = new Set(missing.map((annotation) => annotation.position.file));
        return namespace.files.filter((file) => paths.has(file.path) && !segment.files.includes(file));
      },
      get finish() {
        const held = grants();
        if (last)
          return () =>
            contract.finishBatch(client, {
              namespace,
              migrations,
              access,
              annotations,
              memory: { grants: held },
              last: work.last,
            });
        return held.length === 0 ? undefined : () => restoreRoutineGrants(client, held);
      },
    });
    // Not before its transaction is committed: what was remembered, and what was taken from PUBLIC, may be undone.
    memory = { grants: grants() };
  }
}

async function runAlone(runner: Runner, work: NamespaceRun, planned: PlannedFile): Promise<void> {
  const { runStatements } = await import("./statement-run.ts");
  work.started(planned.file);
  const begin = performance.now();
  await runStatements(runner, planned);
  work.ran(planned.file, performance.now() - begin);
  runner.onEvent({ type: "committed", namespace: work.namespace.name, files: [planned.file] });
}

function segmentsOf({ pending, transaction }: NamespaceRun): Segment[] {
  const segments: Segment[] = [];
  let open: MigrationFile[] | undefined;
  for (const planned of pending) {
    if (!planned.file.transactional) {
      segments.push({ alone: planned });
      open = undefined;
    } else if (open === undefined || transaction === "file") {
      open = [planned.file];
      segments.push({ files: open });
    } else open.push(planned.file);
  }
  // The promises are checked in a transaction of their own where the last file has none.
  if (open === undefined) segments.push({ files: [] });
  return segments;
}

/** The annotations of every repeatable file, whether it runs or not. */
async function readProcedures(namespace: Namespace): Promise<readonly Annotation[]> {
  const { readAnnotations } = await import("./annotations.ts");
  const files = namespace.files.filter((file) => file.repeatable);
  const annotations = await Promise.all(files.map(async (file) => readAnnotations(file, await readMigration(file))));
  return annotations.flat();
}
