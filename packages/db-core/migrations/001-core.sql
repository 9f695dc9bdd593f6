-- The schema of db-core. Creates only; locks nothing that exists.

create schema plinth_core;

-- What was promised: every annotated procedure that was ever applied to this database. Procedures are forever, so no row is ever removed.
-- Written by the migrator in the transaction that makes the procedure; `verify` compares the catalog to it.
create table plinth_core.procedure (
  schema_name text collate "C" not null check (octet_length(schema_name) between 1 and 63),
  procedure_name text collate "C" not null check (octet_length(procedure_name) between 1 and 63),

  -- The package that promised it.
  namespace text collate "C" not null check (octet_length(namespace) between 1 and 214),

  mode text not null check (mode in ('read', 'write')),
  returns text not null check (returns in ('void', 'scalar', 'maybe', 'one', 'many')),

  -- The service that alone may call it, if it is a write procedure; no value: whoever uses the namespace.
  service text collate "C" check (octet_length(service) between 1 and 63),

  -- The namespace's version that first had it, and the one that deprecated it.
  since integer not null check (since >= 0),
  deprecated integer check (deprecated >= since),

  -- Arguments and result as the catalog had them: what calls and answers of older code rely on.
  signature jsonb not null,

  -- The namespace's version when the promise was last found kept. What is new or wider at this version or a lower one came too late: code
  -- built for that version is let in by databases that don't have it.
  confirmed_version integer not null check (confirmed_version >= since),

  recorded_at timestamptz not null default now(),
  primary key (schema_name, procedure_name)
);
