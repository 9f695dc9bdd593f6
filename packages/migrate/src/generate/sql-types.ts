import { type CatalogClient, rowsOf } from "../catalog/catalog-client.ts";

/** A type that somebody made, and what it is made of. */
export type MadeType =
  | { readonly kind: "enum"; readonly schema: string; readonly name: string; readonly labels: readonly string[] }
  | { readonly kind: "domain"; readonly base: string }
  | { readonly kind: "composite" };

/** Enums, domains and composites by the name that `format_type` gives them. Everything else is Postgres's own, or an extension's. */
export type MadeTypes = ReadonlyMap<string, MadeType>;

/** All made types of the database, but for the row types of tables, which are composites too and come under their names. One query. */
export async function readMadeTypes(client: CatalogClient): Promise<MadeTypes> {
  const rows = await rowsOf<TypeRow>(client, madeTypes);
  return new Map(rows.map((row) => [row.type, madeType(row)]));
}

/** A type with domains taken away, outermost first: `notes.email` is `text`, `notes.email[]` is `text[]`. */
export function withoutDomains(type: string, made: MadeTypes): string {
  const array = /^(.*?)((?:\[\])*)$/.exec(type)!;
  const found = made.get(array[1]!);
  return found?.kind === "domain" ? withoutDomains(found.base, made) + array[2]! : type;
}

interface TypeRow {
  readonly type: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: "e" | "d" | "c";
  readonly labels: readonly string[] | null;
  readonly base: string | null;
}

function madeType(row: TypeRow): MadeType {
  if (row.kind === "e") return { kind: "enum", schema: row.schema, name: row.name, labels: row.labels ?? [] };
  return row.kind === "d" ? { kind: "domain", base: row.base! } : { kind: "composite" };
}

const madeTypes = `
select
  format_type(t.oid, null) as type,
  n.nspname as schema,
  t.typname as name,
  t.typtype as kind,
  case when t.typtype = 'e' then array(
    select e.enumlabel::text
    from pg_enum e
    where e.enumtypid = t.oid
    order by e.enumsortorder
  ) end as labels,
  case when t.typtype = 'd' then format_type(t.typbasetype, null) end as base
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'c')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
