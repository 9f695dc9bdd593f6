import type { ClientBase } from "pg";
import type { MigrationFile } from "./migrations.ts";
import { quoteText } from "./quote-text.ts";

/** The latest row of one file. */
export interface LedgerEntry {
  readonly namespace: string;
  readonly number: number;
  readonly name: string;
  readonly kind: "numbered" | "repeatable";
  readonly hash: string;
  readonly status: "running" | "applied" | "failed" | "resolved";
  readonly id: bigint;
  readonly finishedAt: Date | undefined;
  readonly appliedBy: string;
  /** Of a file without a transaction that is not applied. */
  readonly progress: Progress | undefined;
}

/** How far a file without a transaction came. */
export interface Progress {
  readonly statementsDone: number;
  readonly statementHashes: readonly string[];
  /** What was recorded of the failure. */
  readonly error: unknown;
}

/** The ledger as it stands. */
export interface LedgerState {
  readonly format: number;
  readonly generation: bigint;
  /** By namespace, then by number. */
  readonly namespaces: ReadonlyMap<string, ReadonlyMap<number, LedgerEntry>>;
}

/** A database that nothing was migrated in. */
export const EMPTY_LEDGER: LedgerState = { format: 0, generation: 0n, namespaces: new Map() };

/** What is recorded of a file that ran in a batch. */
export interface RanFile {
  readonly file: MigrationFile;
  readonly durationMs: number;
}

/** Who records: one `apply` or `repair`. */
export interface Run {
  readonly id: string;
  readonly toolVersion: string;
}

type StateRow = readonly [
  namespace: string,
  number: number,
  name: string,
  kind: LedgerEntry["kind"],
  hash: string,
  status: LedgerEntry["status"],
  id: string,
  finishedAt: string | null,
  appliedBy: string,
  statementsDone?: number | null,
  statementHashes?: readonly string[] | null,
  error?: unknown,
];

/** Reads the whole ledger: one round trip, however many files. `role` is SQL that makes the reader the one who may, or nothing. */
export async function readLedger(client: ClientBase, role: string): Promise<LedgerState> {
  const results: unknown = await client.query(
    `begin read only; ${role}select plinth_migrate.read_state() as state; commit`,
  );
  // One result for each statement, as pg gives them for several at once.
  const rows = (results as { rows: { state: unknown }[] }[]).find(({ rows }) => rows[0]?.state !== undefined)?.rows;
  return toState(rows?.[0]?.state as Parameters<typeof toState>[0]);
}

/** The ledger as `plinth_migrate.read_state()` gives it. */
export function toState(state: { format: number; generation: string; files: readonly StateRow[] }): LedgerState {
  const namespaces = new Map<string, Map<number, LedgerEntry>>();
  for (const row of state.files) {
    const [namespace, number, name, kind, hash, status, id, finishedAt, appliedBy, done, hashes, error] = row;
    let files = namespaces.get(namespace);
    if (files === undefined) {
      files = new Map();
      namespaces.set(namespace, files);
    }
    files.set(number, {
      namespace,
      number,
      name,
      kind,
      hash,
      status,
      id: BigInt(id),
      finishedAt: finishedAt === null ? undefined : new Date(finishedAt),
      appliedBy,
      progress: hashes == null ? undefined : { statementsDone: done ?? 0, statementHashes: hashes, error },
    });
  }
  return { format: state.format, generation: BigInt(state.generation), namespaces };
}

/** Records the files of a batch in the transaction that ran them, and gives the new generation. As SQL, to go in one message with what comes before. */
export function recordFilesSql(run: Run, files: readonly RanFile[]): string {
  const rows = files.map(({ file, durationMs }) => ({ ...rowOf(file), duration_ms: Math.round(durationMs) }));
  const given = [run.id, run.toolVersion, JSON.stringify(rows)].map(quoteText).join(", ");
  return `select plinth_migrate.record_files(${given}) as generation`;
}

/** Begins a file without a transaction, or takes it up again. Gives the row's id. */
export async function startFile(
  client: ClientBase,
  run: Run,
  file: MigrationFile,
  progress: Pick<Progress, "statementsDone" | "statementHashes">,
): Promise<bigint> {
  const row = {
    ...rowOf(file),
    statements_done: progress.statementsDone,
    statement_hashes: progress.statementHashes,
  };
  const { rows } = await client.query<{ id: string }>("select plinth_migrate.start_file($1, $2, $3) as id", [
    run.id,
    run.toolVersion,
    JSON.stringify(row),
  ]);
  return BigInt(rows[0]!.id);
}

/** Says how many statements of a running file are done. As SQL, to go in one message with the statement where that is possible. */
export function recordStatementSql(id: bigint, statementsDone: number): string {
  return `select plinth_migrate.record_statement(${id}, ${statementsDone})`;
}

/** Ends a running file. Gives the ledger's new generation. */
export async function finishFile(
  client: ClientBase,
  id: bigint,
  status: "applied" | "failed",
  error: object | null,
): Promise<bigint> {
  const { rows } = await client.query<{ generation: string }>(
    "select plinth_migrate.finish_file($1, $2, $3) as generation",
    [id.toString(), status, error === null ? null : JSON.stringify(error)],
  );
  return BigInt(rows[0]!.generation);
}

/** Adds what an operator decided. Gives the row's id. */
export async function recordRepair(
  client: ClientBase,
  run: Run,
  row: {
    readonly namespace: string;
    readonly number: number;
    readonly name: string;
    readonly transactional: boolean;
    readonly hash: string;
    readonly status: "applied" | "resolved";
  },
): Promise<bigint> {
  const { rows } = await client.query<{ id: string }>("select plinth_migrate.record_repair($1, $2, $3) as id", [
    run.id,
    run.toolVersion,
    JSON.stringify(row),
  ]);
  return BigInt(rows[0]!.id);
}

function rowOf(file: MigrationFile): object {
  return {
    namespace: file.namespace,
    number: file.number,
    name: file.name,
    kind: file.repeatable ? "repeatable" : "numbered",
    hash: file.hash,
  };
}
