/** `drop function if exists helpdesk.find(bigint);`, to be pasted. Types as the catalog or a lock file spells them. */
export function dropStatement(
  { schema, name }: { readonly schema: string; readonly name: string },
  types: readonly string[],
): string {
  return `drop function if exists ${nameOf(schema)}.${nameOf(name)}(${types.join(", ")});`;
}

/** What to do when `create or replace` can't replace. */
export function dropHint(statement: string): string {
  return `create or replace can't change arguments or result columns: put \`${statement}\` above its @proc line`;
}

function nameOf(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
