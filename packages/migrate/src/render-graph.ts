import { versionOf } from "./lock-check.ts";
import type { Migrations, Namespace } from "./migrations.ts";

/**
 * The graph as a tree from the root down, one line a namespace with its place in the run; what was shown above is not shown again:
 *
 * ```text
 * 3  app           12 files, version 11
 * ├─ 2  @acme/queue  4 files, version 3
 * └─ 1  @plinth/db-core  2 files, version 1
 * ```
 */
export function renderGraph(migrations: Migrations): string {
  const places = new Map(
    migrations.namespaces.map((namespace, index) => [namespace.name, { namespace, place: index + 1 }]),
  );
  const core = migrations.namespaces[0];
  const lines: string[] = [];
  const shown = new Set<string>();
  // A stack of its own: a graph may be deeper than a call stack.
  const stack: { name: string; prefix: string; last: boolean; top: boolean }[] = [
    { name: migrations.root.name, prefix: "", last: true, top: true },
  ];
  for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
    const found = places.get(row.name);
    if (found === undefined) continue;
    const branch = row.top ? "" : row.last ? "└─ " : "├─ ";
    const again = shown.has(row.name);
    lines.push(
      `${row.prefix}${branch}${found.place}  ${row.name}  ${again ? "(see above)" : summary(found.namespace)}`,
    );
    if (again) continue;
    shown.add(row.name);
    const prefix = row.top ? "" : `${row.prefix}${row.last ? "   " : "│  "}`;
    const children = childrenOf(found.namespace, row.top, core);
    for (const [index, name] of [...children.entries()].reverse())
      stack.push({ name, prefix, last: index === children.length - 1, top: false });
  }
  return `${lines.join("\n")}\n`;
}

/** Everyone imports db-core; it is shown once, below the root. */
function childrenOf(namespace: Namespace, top: boolean, core: Namespace | undefined): readonly string[] {
  return top && core !== undefined && core !== namespace ? [...namespace.imports, core.name] : namespace.imports;
}

function summary(namespace: Namespace): string {
  const count = namespace.files.length;
  return `${count} ${count === 1 ? "file" : "files"}, version ${versionOf(namespace)}`;
}
