-- The migrator's own tables: format 1 of the ledger. Creates only; locks nothing that exists.
--
-- Run by the migrator itself, under its lock, before anybody's files. The number of this folder's highest file is the ledger's format: a change comes with
-- a new number, and a newer format keeps every function that an older migrator calls.

create schema plinth_migrate;

-- What happened, a row for each time a file ran. Rows are added; only a row that is running changes, and only until it is done.
create table plinth_migrate.ledger (
  id bigint generated always as identity primary key,

  -- One `apply`, or one `repair`.
  run_id uuid not null,

  -- The package's name and the file's number are what a file is known by: it may change its name.
  namespace text collate "C" not null check (octet_length(namespace) between 1 and 214),
  number integer not null check (number between 0 and 999999999),
  name text collate "C" not null check (octet_length(name) between 1 and 255),

  -- repair: an operator said so.
  kind text collate "C" not null check (kind in ('numbered', 'repeatable', 'repair')),
  transactional boolean not null,
  hash text collate "C" not null check (hash ~ '^sha256:[0-9a-f]{64}$'),

  -- running and failed occur only where no transaction could take the file back. resolved: an operator said that it counts as not applied.
  status text collate "C" not null check (status in ('running', 'applied', 'failed', 'resolved')),

  -- Of a file without a transaction: how far it came. The hashes tell whether what was done is still what the file says.
  statements_done integer check (statements_done between 0 and statement_count),
  statement_count integer check (statement_count between 0 and 1000000),
  statement_hashes text[] check (cardinality(statement_hashes) = statement_count),

  error jsonb check (octet_length(error::text) <= 65536),
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  duration_ms bigint check (duration_ms >= 0),
  applied_by text not null default session_user,
  tool_version text not null check (octet_length(tool_version) <= 100)
);

-- The latest row of each file is found by id, never by time: clocks go back.
create index ledger_latest on plinth_migrate.ledger (namespace, number, id desc);

-- One row. Whoever changes the ledger locks it first, and moves the generation on: a plan made from an older ledger is found out.
create table plinth_migrate.fence (
  one boolean primary key default true check (one),
  generation bigint not null check (generation >= 0),
  format integer not null check (format >= 1)
);

insert into plinth_migrate.fence (generation, format) values (0, 1);

create view plinth_migrate.current as
select distinct on (l.namespace, l.number) l.*
from plinth_migrate.ledger l
order by l.namespace, l.number, l.id desc;
