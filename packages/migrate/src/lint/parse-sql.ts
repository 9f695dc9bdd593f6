/** A node of libpg-query's tree, or a list or value in it: looked at by key, never trusted to have one. */
export type SqlNode = { readonly [key: string]: unknown };

/** A statement of a file. */
export interface ParsedStatement {
  /** `CreateStmt`, `IndexStmt`, … as in Postgres' own grammar. */
  readonly kind: string;
  readonly node: SqlNode;
  /** Index into the text of the statement's first character. */
  readonly offset: number;
}

export interface ParsedSql {
  readonly statements: readonly ParsedStatement[];
  /** The index into the text of a location in the tree, which counts UTF-8 bytes. */
  offsetOf(location: unknown): number | undefined;
}

export interface SyntaxFault {
  /** A warning: Postgres may well take it, only we cannot look at it. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly offset: number;
}

/** The tree of a text this long takes some hundred megabytes; generated data need not be looked at. */
export const PARSED_CHARACTERS_MAX: number = 4 * 1024 * 1024;

/** Parses a file with Postgres' own grammar, which is loaded now and not before. */
export async function parseSql(text: string): Promise<ParsedSql | { readonly fault: SyntaxFault }> {
  const { hasSqlDetails, loadModule, parseSync } = await import("libpg-query");
  await loadModule();
  const toOffset = utf8Offsets(text);
  try {
    const { stmts = [] } = parseSync(text) as { stmts?: readonly { stmt?: SqlNode; stmt_location?: number }[] };
    const statements = stmts.map(({ stmt = {}, stmt_location = 0 }) => {
      const kind = Object.keys(stmt)[0] ?? "";
      return { kind, node: asNode(stmt[kind]), offset: skipBlank(text, toOffset(stmt_location)) };
    });
    return { statements, offsetOf: (location) => (isPlace(location) ? toOffset(location) : undefined) };
  } catch (error) {
    if (error instanceof RangeError)
      return {
        fault: { severity: "warning", message: "not looked at: an expression is nested too deeply", offset: 0 },
      };
    if (!hasSqlDetails(error)) throw error;
    const characters = error.sqlDetails?.cursorPosition ?? 0;
    return { fault: { severity: "error", message: error.message, offset: codePointOffset(text, characters) } };
  }
}

export function asNode(value: unknown): SqlNode {
  return typeof value === "object" && value !== null ? (value as SqlNode) : {};
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The names in a list of strings: `s.t` is `["s", "t"]`. */
export function namesIn(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : asList(asNode(asNode(value).List).items);
  return list.map((each) => String(asNode(asNode(each).String).sval ?? ""));
}

/**
 * Everything in a tree, from the top down, in the order of the text; `visit` answers whether to go into the node. With a stack of its own: a
 * sum of ten thousand terms is a tree as deep.
 */
export function walkSql(tree: unknown, visit: (node: SqlNode, key: string) => boolean): void {
  const stack: { readonly value: unknown; readonly key: string }[] = [{ value: tree, key: "" }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { value, key } = top;
    if (Array.isArray(value)) {
      for (let at = value.length - 1; at >= 0; at--) stack.push({ value: value[at], key });
    } else if (typeof value === "object" && value !== null && visit(value as SqlNode, key)) {
      const entries = Object.entries(value);
      for (let at = entries.length - 1; at >= 0; at--) stack.push({ key: entries[at]![0], value: entries[at]![1] });
    }
  }
}

function isPlace(location: unknown): location is number {
  return typeof location === "number" && location >= 0;
}

/** Maps UTF-8 byte offsets to indices. A text of ASCII needs no table. */
function utf8Offsets(text: string): (bytes: number) => number {
  if (Buffer.byteLength(text) === text.length) return (bytes) => bytes;
  const starts = new Uint32Array(text.length + 1);
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    starts[at] = bytes;
    const code = text.charCodeAt(at);
    // A surrogate pair is four bytes: two for each half.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3;
  }
  starts[text.length] = bytes;
  return (wanted) => lowerBound(starts, wanted);
}

function lowerBound(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function codePointOffset(text: string, characters: number): number {
  let offset = 0;
  for (let count = 0; count < characters && offset < text.length; count++)
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}
