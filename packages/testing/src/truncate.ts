import pg from "pg";

/** What is in a database that nobody has used yet: the rows that its migrations put there, and where its sequences stand. */
export interface Seeds {
  readonly tables: ReadonlyMap<string, SeededTable>;
  readonly sequences: ReadonlyMap<string, SequenceState>;
}

interface SeededTable {
  /** Each row in Postgres' own notation, which every type survives. */
  readonly rows: readonly string[];
  readonly digest: string;
}

interface SequenceState {
  readonly value: string;
  readonly called: boolean;
}

interface Relation {
  readonly oid: string;
  readonly name: string;
  readonly kind: "r" | "S";
  /** The columns that can be written. */
  readonly columns: string;
  readonly start: SequenceState;
}

interface Found extends SequenceState {
  readonly index: number;
  readonly filled: boolean;
  readonly digest: string | null;
}

const LOCK_WAIT = "5s";

/** Reads what a database holds, to be put back by {@link truncateAll}. */
export async function readSeeds(client: pg.Client): Promise<Seeds> {
  const relations = await listRelations(client);
  const tables = new Map<string, SeededTable>();
  const sequences = new Map<string, SequenceState>();
  for (const found of await states(client, relations, undefined)) {
    const { name, kind, start } = relations[found.index]!;
    if (kind === "S" && !same(found, start)) sequences.set(name, { value: found.value, called: found.called });
    if (kind === "r" && found.filled) tables.set(name, await readTable(client, name));
  }
  return { tables, sequences };
}

/** Brings every table and sequence of every schema but the ledger's to what they were. Touches only those that changed. */
export async function truncateAll(client: pg.Client, seeds: Seeds): Promise<void> {
  const relations = await listRelations(client);
  const found = await states(client, relations, seeds);
  const changed: string[] = [];
  const statements: string[] = [];
  for (const state of found) {
    const { name, kind, start, oid } = relations[state.index]!;
    const wanted = seeds.sequences.get(name) ?? start;
    if (kind === "r" && isChanged(state, seeds.tables.get(name))) changed.push(oid);
    if (kind === "S" && !same(state, wanted)) {
      statements.push(`select setval(${pg.escapeLiteral(name)}, ${wanted.value}, ${wanted.called})`);
    }
  }
  if (changed.length > 0) statements.unshift(...(await refill(client, changed, relations, seeds)));
  if (statements.length === 0) return;
  // One message, and so one transaction: all of it or nothing.
  await client.query([`set local lock_timeout = '${LOCK_WAIT}'`, ...statements].join(";\n"));
}

/** The statements that empty the tables, and those that refer to them, and put back what belongs there. */
async function refill(
  client: pg.Client,
  changed: string[],
  relations: readonly Relation[],
  seeds: Seeds,
): Promise<string[]> {
  const { rows: emptied } = await client.query<{ name: string; kind: string }>(REFERRING, [changed]);
  const targets = emptied.map(({ name, kind }) => (kind === "p" ? name : `only ${name}`));
  const restored = emptied.filter(({ name }) => seeds.tables.has(name));
  const statements = [`truncate ${targets.join(", ")}`];
  // Neither triggers nor the order of foreign keys: what was there together may be there together again.
  if (restored.length > 0) statements.push("set local session_replication_role = replica");
  for (const { name } of restored) {
    const { columns } = relations.find((relation) => relation.name === name)!;
    const rows = `array[${seeds.tables
      .get(name)!
      .rows.map((row) => pg.escapeLiteral(row))
      .join(",\n")}]`;
    const fields = columns.split("\n").map((column) => `(row_).${column}`);
    statements.push(
      `insert into ${name} (${columns.split("\n").join(", ")}) overriding system value ` +
        `select ${fields.join(", ")} from (select text_::${name} as row_ from unnest(${rows}::text[]) text_) seeds`,
    );
  }
  return statements;
}

function isChanged(found: Found, seeded: SeededTable | undefined): boolean {
  return seeded === undefined ? found.filled : found.digest !== seeded.digest;
}

function same(left: SequenceState, right: SequenceState): boolean {
  return left.value === right.value && left.called === right.called;
}

async function listRelations(client: pg.Client): Promise<Relation[]> {
  const { rows } = await client.query<{ oid: string; name: string; kind: "r" | "S"; columns: string; start: string }>(
    RELATIONS,
  );
  return rows.map(({ start, ...relation }) => ({ ...relation, start: { value: start, called: false } }));
}

/** Where every table and sequence stands, in one query. A table's digest only where there is one to compare with. */
async function states(client: pg.Client, relations: readonly Relation[], seeds: Seeds | undefined): Promise<Found[]> {
  if (relations.length === 0) return [];
  const queries = relations.map(({ name, kind }, index) => {
    if (kind === "S") return `select ${index}, false, null, last_value::text, is_called from ${name}`;
    const digest = seeds?.tables.has(name) ? `(${digestOf(name)})` : "null";
    return `select ${index}, exists (select from only ${name}), ${digest}, null, null`;
  });
  // The names stand apart, since either kind may come first.
  const text = `select * from (${queries.join("\nunion all ")}) found (index, filled, digest, value, called)`;
  const { rows } = await client.query<Found>(text);
  return rows;
}

async function readTable(client: pg.Client, name: string): Promise<SeededTable> {
  const { rows } = await client.query<{ rows: string[] | null; digest: string }>(
    `select array(select row_::text from only ${name} row_) as rows, (${digestOf(name)}) as digest`,
  );
  return { rows: rows[0]?.rows ?? [], digest: rows[0]!.digest };
}

function digestOf(name: string): string {
  return `select md5(string_agg(row_::text, e'\\n' order by row_::text collate "C")) from only ${name} row_`;
}

// Every table that holds rows itself and every sequence, but those of the system and of the migrations' ledger. Takes no lock.
const RELATIONS = `
  select
    c.oid::text as oid,
    format('%I.%I', n.nspname, c.relname) as name,
    c.relkind as kind,
    coalesce((
      select string_agg(quote_ident(a.attname), e'\\n' order by a.attnum)
      from pg_attribute a
      where a.attrelid = c.oid
        and a.attnum > 0
        and not a.attisdropped
        and a.attgenerated = ''), '') as columns,
    s.seqstart::text as start
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_sequence s on s.seqrelid = c.oid
  where c.relkind in ('r', 'S')
    and n.nspname <> all (array['plinth_migrate', 'information_schema', 'pg_catalog'])
    and n.nspname !~ '^pg_(toast|temp_)'`;

// The given tables and all that have to be emptied with them: those with foreign keys to them, and partitions. Takes no lock.
const REFERRING = `
  with recursive
    follows(first, next) as (
      select confrelid, conrelid from pg_constraint where contype = 'f'
      union all
      select i.inhparent, i.inhrelid from pg_inherits i join pg_class c on c.oid = i.inhparent where c.relkind = 'p'
    ),
    emptied(oid) as (
      select unnest($1::oid[])
      union
      select follows.next from emptied join follows on follows.first = emptied.oid
    )
  select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind
  from emptied
  join pg_class c on c.oid = emptied.oid
  join pg_namespace n on n.oid = c.relnamespace`;
