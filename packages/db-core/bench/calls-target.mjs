// What the calls are made on: a database of its own, with one table and two procedures.
import { defineContract } from "@plinth/db-core";
import { createTestDatabase } from "@plinth/testing";
import pg from "pg";

const SQL = `
create schema bench;
create table bench.note (
  id bigint generated always as identity primary key,
  owner text collate "C" not null,
  body json not null,
  changed_at timestamptz not null default now()
) with (fillfactor = 80);

create function bench.get_note(id_in bigint)
returns table (id bigint, owner text, body json, changed_at timestamptz)
language sql stable security definer
begin atomic
  select n.id, n.owner, n.body, n.changed_at from bench.note n where n.id = id_in;
end;

create function bench.put_note(id_in bigint, body_in json)
returns bigint
language sql volatile security definer
begin atomic
  update bench.note n set body = body_in, changed_at = now() where n.id = id_in returning n.id;
end;
`;

export const contract = defineContract({
  name: "bench",
  version: 0,
  migrations: "",
  procedures: {
    bench: {
      getNote: {
        schema: "bench",
        name: "get_note",
        mode: "read",
        returns: "maybe",
        args: [["id", "id_in", "bigint"]],
        columns: [
          ["id", "id", "bigint"],
          ["owner", "owner", "text"],
          ["body", "body", "json"],
          ["changedAt", "changed_at", "timestamp with time zone"],
        ],
      },
      putNote: {
        schema: "bench",
        name: "put_note",
        mode: "write",
        returns: "scalar",
        args: [
          ["id", "id_in", "bigint"],
          ["body", "body_in", "json"],
        ],
        columns: [["value", "put_note", "bigint"]],
      },
    },
  },
});

export async function openTarget(rows) {
  const database = await createTestDatabase({ key: SQL, prepare: (url) => run(url, (client) => client.query(SQL)) });
  await run(database.url, (client) => fill(client, rows));
  return database;
}

async function run(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client);
  await client.end();
}

async function fill(client, rows) {
  await client.query(
    `insert into bench.note (owner, body) select 'owner ' || g % 100, '{"text": "a note of some length"}' from generate_series(1, $1) as g`,
    [rows],
  );
  await client.query("vacuum analyze bench.note");
}
