import { createHash } from "node:crypto";

/** One statement of a file that runs without a transaction. */
export interface Statement {
  readonly text: string;
  /** Index into the file's text, as JavaScript counts. */
  readonly offset: number;
  readonly hash: string;
  /** It can share a transaction with the note that it is done, so that after a crash it is known whether it is. */
  readonly atomic: boolean;
  /** Done twice it is as if done once. */
  readonly repeatable: boolean;
  /** Sets something for the statements that follow, and so is done again before a later one is resumed. */
  readonly setsSession: boolean;
  /** `create index concurrently name on table`: both as SQL writes them. */
  readonly concurrentIndex:
    | { readonly name: string; readonly schema: string | undefined; readonly table: string }
    | undefined;
  /** Waits for older transactions to end by its nature: a time limit on locks would leave its work half done. */
  readonly concurrent: boolean;
}

/** Statements that Postgres refuses in a transaction, or that may end one themselves. */
const NOT_ATOMIC = new Set([
  "AlterDatabaseStmt",
  "AlterSubscriptionStmt",
  "AlterSystemStmt",
  "CallStmt",
  "CheckPointStmt",
  "ClusterStmt",
  "CreateSubscriptionStmt",
  "CreateTableSpaceStmt",
  "CreatedbStmt",
  "DiscardStmt",
  "DropSubscriptionStmt",
  "DropTableSpaceStmt",
  "DropdbStmt",
  "ReindexStmt",
  "VacuumStmt",
  "VariableSetStmt",
]);

const REPEATABLE = new Set([
  "AlterSystemStmt",
  "CheckPointStmt",
  "ClusterStmt",
  "DiscardStmt",
  "ReindexStmt",
  "VacuumStmt",
  "VariableSetStmt",
]);

interface ParsedNode {
  readonly concurrent?: boolean;
  readonly if_not_exists?: boolean;
  readonly missing_ok?: boolean;
  readonly idxname?: string;
  readonly relation?: { readonly schemaname?: string; readonly relname?: string };
}

/**
 * Splits a file as Postgres itself would. Loads the parser (1.8 MB), which no other run needs.
 *
 * @throws The parser's error, with `sqlDetails.cursorPosition` where the text is no SQL.
 */
export async function splitStatements(text: string): Promise<Statement[]> {
  const { parse } = await import("libpg-query");
  const { stmts = [] } = await parse(text);
  const bytes = Buffer.from(text);
  let byteBefore = 0;
  let unitsBefore = 0;
  return stmts.map((raw) => {
    // The parser counts bytes, and gives each statement what stands before it.
    const from = raw.stmt_location ?? 0;
    const to = raw.stmt_len ? from + raw.stmt_len : bytes.length;
    unitsBefore += bytes.toString("utf8", byteBefore, from).length;
    byteBefore = from;
    const whole = bytes.toString("utf8", from, to);
    const lead = leadOf(whole);
    const [kind = "", node = {}] = Object.entries(raw.stmt ?? {})[0] ?? [];
    return describe(kind, node as ParsedNode, whole.slice(lead).trimEnd(), unitsBefore + lead);
  });
}

function describe(kind: string, node: ParsedNode, text: string, offset: number): Statement {
  const detaches = kind === "AlterTableStmt" && /\bdetach\s+partition\b[^;]*\bconcurrently\b/i.test(text);
  const reindexes = kind === "ReindexStmt" && /\bconcurrently\b/i.test(text);
  const concurrent = (node.concurrent === true && kind !== "RefreshMatViewStmt") || detaches || reindexes;
  const endsTransactions = kind === "DoStmt" && /\b(commit|rollback)\b/i.test(text);
  const table = node.relation?.relname;
  const concurrentIndex =
    kind === "IndexStmt" && concurrent && node.idxname !== undefined && table !== undefined
      ? { name: node.idxname, schema: node.relation?.schemaname, table }
      : undefined;
  return {
    text,
    offset,
    hash: `sha256:${createHash("sha256").update(text).digest("hex")}`,
    atomic: !concurrent && !endsTransactions && !NOT_ATOMIC.has(kind),
    repeatable:
      REPEATABLE.has(kind) || node.if_not_exists === true || (kind === "DropStmt" && node.missing_ok === true),
    setsSession: kind === "VariableSetStmt",
    concurrentIndex,
    concurrent,
  };
}

/** Length of the white space and comments before a statement. */
function leadOf(text: string): number {
  let at = 0;
  for (;;) {
    const rest = /^(?:\s+|--[^\n]*(?:\n|$))+/.exec(text.slice(at));
    if (rest !== null) at += rest[0].length;
    if (!text.startsWith("/*", at)) return at;
    at = commentEnd(text, at);
  }
}

/** Comments nest. */
function commentEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("/*", at)) {
      depth++;
      at++;
    } else if (text.startsWith("*/", at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
