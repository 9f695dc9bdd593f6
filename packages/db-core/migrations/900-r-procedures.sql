-- The procedures of db-core, and what the migrator keeps its book of promises with. Replaces functions; takes no lock on a table.

-- @proc mode=read returns=many since=1
-- The version of every namespace in this database: its highest applied numbered migration, 0 where only repeatable ones were applied.
-- No row for a namespace that was never applied. Takes no lock.
create or replace function plinth_core.get_versions()
returns table (namespace text, version integer)
language sql stable security definer
begin atomic
  -- The latest word on each file counts. A repair may have had it, so what kind of file it is, is asked of all its rows.
  select file.namespace, coalesce(max(file.number) filter (where file.applied and not file.repeatable), 0)
  from (
    select
      l.namespace,
      l.number,
      (array_agg(l.status order by l.id desc))[1] = 'applied' as applied,
      bool_or(l.kind = 'repeatable') as repeatable
    from plinth_migrate.ledger l
    group by l.namespace, l.number
  ) as file
  group by file.namespace
  having bool_or(file.applied);
end;

-- The two below are the migrator's own. They are no promise to anybody, nobody is granted them, and only the owner role calls them; so they
-- run with the caller's rights. A migrator may meet a database that a newer one made: what they take and return may only grow.

-- Every promise in this database, by name. No row: nothing was promised yet. Takes no lock.
create or replace function plinth_core.list_promises()
returns table (
  schema_name text,
  procedure_name text,
  namespace text,
  mode text,
  returns text,
  service text,
  since integer,
  deprecated integer,
  signature jsonb,
  confirmed_version integer
)
language sql stable
begin atomic
  select
    p.schema_name, p.procedure_name, p.namespace, p.mode, p.returns, p.service, p.since, p.deprecated, p.signature, p.confirmed_version
  from plinth_core.procedure p
  order by p.schema_name, p.procedure_name;
end;

-- Writes down what a namespace promises at a version, and that what it promised before was found kept there. `promises_in` is an array of
-- objects with the columns' names as keys. A promise that stands as it did is not written again.
-- Locks the rows of the namespace that it changes until commit; the migrator's lock keeps others out.
create or replace function plinth_core.record_promises(namespace_in text, version_in integer, promises_in jsonb)
returns void
language sql volatile
begin atomic
  insert into plinth_core.procedure as p
    (schema_name, procedure_name, namespace, mode, returns, service, since, deprecated, signature, confirmed_version)
  select
    r.schema_name, r.procedure_name, namespace_in, r.mode, r.returns, r.service, r.since, r.deprecated, r.signature, version_in
  from jsonb_to_recordset(promises_in) as r (
    schema_name text,
    procedure_name text,
    mode text,
    returns text,
    service text,
    since integer,
    deprecated integer,
    signature jsonb
  )
  on conflict (schema_name, procedure_name) do update
  set mode = excluded.mode,
      returns = excluded.returns,
      service = excluded.service,
      since = excluded.since,
      deprecated = excluded.deprecated,
      signature = excluded.signature,
      recorded_at = now()
  where (p.mode, p.returns, p.service, p.since, p.deprecated, p.signature)
    is distinct from (excluded.mode, excluded.returns, excluded.service, excluded.since, excluded.deprecated, excluded.signature);

  update plinth_core.procedure p
  set confirmed_version = version_in
  where p.namespace = namespace_in
    and p.confirmed_version < version_in;
end;
