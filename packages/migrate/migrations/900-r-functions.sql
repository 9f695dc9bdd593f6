-- The migrator's own functions: the only statements on its tables. Not SECURITY DEFINER: they are called by the role that owns them, and by nobody else.

-- The whole ledger as it stands, as one value: a run over a thousand files costs one round trip. Takes no lock.
-- files: [namespace, number, name, kind, hash, status, id, finished_at, applied_by], and of files not applied also how far they came. A repair
-- is of the kind that the file had when it ran.
create or replace function plinth_migrate.read_state()
returns json
language sql stable
begin atomic
  select json_build_object(
    'format', f.format,
    'generation', f.generation::text,
    'files', (
      select coalesce(json_agg(
        case
          when c.status = 'applied'
          then json_build_array(
            c.namespace, c.number, c.name, file.kind, c.hash, c.status, c.id::text, c.finished_at, c.applied_by
          )
          else json_build_array(
            c.namespace, c.number, c.name, file.kind, c.hash, c.status, c.id::text, c.finished_at, c.applied_by,
            c.statements_done, c.statement_hashes, c.error
          )
        end
      ), '[]')
      from plinth_migrate.current c
      cross join lateral (
        select case
          when c.kind <> 'repair' then c.kind
          when exists (
            select
            from plinth_migrate.ledger l
            where l.namespace = c.namespace
              and l.number = c.number
              and l.kind = 'repeatable'
          ) then 'repeatable'
          else 'numbered'
        end as kind
      ) file
    )
  )
  from plinth_migrate.fence f;
end;

-- Takes the fence until the transaction ends, without waiting.
-- held: the ledger is still the one that the plan was made from. moved: somebody changed it. busy: somebody is changing it now.
create or replace function plinth_migrate.take_fence(generation_in bigint)
returns table (outcome text, pid integer, transaction_id text)
language sql volatile
begin atomic
  with fence as (
    select f.generation
    from plinth_migrate.fence f
    for update skip locked
  )
  select
    case
      when f.generation is null then 'busy'
      when f.generation = generation_in then 'held'
      else 'moved'
    end,
    pg_catalog.pg_backend_pid(),
    pg_catalog.pg_current_xact_id()::text
  from (values (1)) always (one)
  left join fence f on true;
end;

-- Fails if this is no longer the transaction that took the fence: a file has ended it. Takes no lock.
create or replace function plinth_migrate.check_transaction(transaction_id_in text)
returns void
language plpgsql volatile
as $$
begin
  if pg_catalog.pg_current_xact_id()::text is distinct from transaction_id_in then
    raise exception 'the file ended the transaction that it ran in' using errcode = 'PMTXE';
  end if;
end
$$;

-- Adds a row for each file of a batch and moves the generation on, in the transaction that ran the files. Gives the new generation.
-- plpgsql, which keeps its plans: with a transaction a file it is called once a file.
create or replace function plinth_migrate.record_files(run_id_in uuid, tool_version_in text, files_in json)
returns bigint
language plpgsql volatile
as $$
declare
  generation_now bigint;
begin
  insert into plinth_migrate.ledger
    (run_id, namespace, number, name, kind, transactional, hash, status, started_at, finished_at, duration_ms, tool_version)
  select run_id_in, r.namespace, r.number, r.name, r.kind, true, r.hash, 'applied',
    pg_catalog.clock_timestamp() - r.duration_ms * interval '1 millisecond', pg_catalog.clock_timestamp(), r.duration_ms,
    tool_version_in
  from rows from (
    pg_catalog.json_to_recordset(files_in)
      as (namespace text, number integer, name text, kind text, hash text, duration_ms bigint)
  ) with ordinality as r (namespace, number, name, kind, hash, duration_ms, place)
  order by r.place;

  update plinth_migrate.fence f
  set generation = f.generation + 1
  returning f.generation into strict generation_now;
  return generation_now;
end
$$;

-- Begins a file without a transaction, or takes it up again: a row that is running, with what is already done. Gives its id.
create or replace function plinth_migrate.start_file(run_id_in uuid, tool_version_in text, file_in json)
returns bigint
language sql volatile
begin atomic
  update plinth_migrate.fence f
  set generation = f.generation + 1;

  insert into plinth_migrate.ledger
    (run_id, namespace, number, name, kind, transactional, hash, status, statements_done, statement_count, statement_hashes, tool_version)
  select run_id_in, r.namespace, r.number, r.name, r.kind, false, r.hash, 'running',
    r.statements_done, pg_catalog.cardinality(r.statement_hashes), r.statement_hashes, tool_version_in
  from pg_catalog.json_to_record(file_in)
    as r (namespace text, number integer, name text, kind text, hash text, statements_done integer, statement_hashes text[])
  returning id;
end;

-- Says that so many statements of a running file are done. No row: the file is not running any more.
create or replace function plinth_migrate.record_statement(id_in bigint, statements_done_in integer)
returns table (statements_done integer)
language sql volatile
begin atomic
  update plinth_migrate.ledger l
  set statements_done = statements_done_in
  where l.id = id_in
    and l.status = 'running'
  returning l.statements_done;
end;

-- Ends a running file, applied or failed, and moves the generation on. Gives the new generation.
create or replace function plinth_migrate.finish_file(id_in bigint, status_in text, error_in jsonb)
returns bigint
language sql volatile
begin atomic
  update plinth_migrate.ledger l
  set status = status_in,
    error = error_in,
    finished_at = pg_catalog.clock_timestamp(),
    duration_ms = (extract(epoch from pg_catalog.clock_timestamp() - l.started_at) * 1000)::bigint
  where l.id = id_in
    and l.status = 'running';

  update plinth_migrate.fence f
  set generation = f.generation + 1
  returning f.generation;
end;

-- Adds what an operator decided about a file: it counts as applied with this hash, or as not applied (resolved). Nothing is removed.
create or replace function plinth_migrate.record_repair(run_id_in uuid, tool_version_in text, file_in json)
returns bigint
language sql volatile
begin atomic
  update plinth_migrate.fence f
  set generation = f.generation + 1;

  insert into plinth_migrate.ledger
    (run_id, namespace, number, name, kind, transactional, hash, status, finished_at, duration_ms, tool_version)
  select run_id_in, r.namespace, r.number, r.name, 'repair', r.transactional, r.hash, r.status,
    pg_catalog.clock_timestamp(), 0, tool_version_in
  from pg_catalog.json_to_record(file_in)
    as r (namespace text, number integer, name text, transactional boolean, hash text, status text)
  returning id;
end;

revoke all on schema plinth_migrate from public;
revoke all on all tables in schema plinth_migrate from public;
revoke execute on all functions in schema plinth_migrate from public;
