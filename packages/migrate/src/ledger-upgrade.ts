import { readdir, readFile } from "node:fs/promises";
import type { ClientBase } from "pg";
import { poll } from "./advisory-lock.ts";
import { rollback } from "./attempts.ts";
import { quoteName } from "./catalog/catalog-client.ts";
import { lockSql } from "./fence.ts";
import { LEDGER_FORMAT } from "./ledger-format.ts";
import type { Runner } from "./runner.ts";

const directory = new URL("../migrations/", import.meta.url);

/**
 * Makes the ledger, or brings it to {@link LEDGER_FORMAT}, and to the role that is to own it. One transaction, under the lock: others who start at the same
 * time find it made.
 */
export async function ensureLedger(runner: Runner): Promise<void> {
  const { client, pooled } = runner.session;
  try {
    await poll(
      client,
      async () => {
        const answer: unknown = await client.query(`begin; ${pooled ? lockSql : ""}${runner.session.prelude("local")}`);
        const rows = (answer as { rows: { locked?: boolean }[] }[]).flatMap((result) => result.rows);
        if (rows[0]?.locked !== false) return true;
        await client.query("rollback");
        return false;
      },
      runner,
    );
    await makeLedger(runner);
    await client.query("commit");
  } catch (error) {
    await rollback(runner);
    throw error;
  }
}

async function makeLedger({ session }: Runner): Promise<void> {
  const { client } = session;
  const { rows } = await client.query<{ owner: string }>(
    `select pg_catalog.pg_get_userbyid(n.nspowner)::text as owner
     from pg_catalog.pg_namespace n
     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'fence'
     where n.nspname = 'plinth_migrate'`,
  );
  const owner = rows[0]?.owner;
  if (owner !== undefined && owner !== session.owner) {
    await client.query("reset role");
    await giveLedger(client, session.owner);
    await client.query(session.actAsOwner);
  }
  const format = owner === undefined ? 0 : await readFormat(client);
  if (format < LEDGER_FORMAT) await upgradeLedger(client, format);
}

async function readFormat(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ format: number }>(
    "select (plinth_migrate.read_state() ->> 'format')::integer as format",
  );
  return rows[0]?.format ?? 0;
}

async function upgradeLedger(client: ClientBase, format: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  for (const name of names) {
    if (!/^\d+-r-/.test(name) && Number.parseInt(name, 10) <= format) continue;
    await client.query(await readFile(new URL(name, directory), "utf8"));
  }
}

/** Gives the ledger to `owner`, when access.json has come to name one or another. Locks the ledger's tables for a moment. */
async function giveLedger(client: ClientBase, owner: string): Promise<void> {
  const { rows } = await client.query<{ statement: string }>(
    `select pg_catalog.format('alter %s %s owner to %s', kind, name, ${quoteLiteral(quoteName(owner))}) as statement
     from (
       select 'schema' as kind, 'plinth_migrate' as name
       union all
       select case c.relkind when 'v' then 'view' else 'table' end, c.oid::regclass::text
       from pg_catalog.pg_class c
       where c.relnamespace = 'plinth_migrate'::regnamespace and c.relkind in ('r', 'v')
       union all
       select 'function', p.oid::regprocedure::text
       from pg_catalog.pg_proc p
       where p.pronamespace = 'plinth_migrate'::regnamespace
     ) objects`,
  );
  await client.query(rows.map((row) => row.statement).join("; "));
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
