import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { COPY_LOCKS, newCopy, TEMPLATE_LOCKS, templateLock } from "./database-names.ts";
import { TestingError, TimeoutError } from "./errors.ts";
import { isSqlState, withDatabase } from "./session.ts";

export interface Prepared {
  /** The template's name, which the names of all that belongs to it begin with. */
  readonly template: string;
  /** The roles that were asked for: service to role. They can log in, and own and may nothing yet. */
  readonly roles: Readonly<Record<string, string>>;
}

export interface TemplateSource extends Prepared {
  readonly prepare: (url: string, prepared: Prepared) => Promise<void>;
  readonly waitMs: number;
}

const POLL_MS = 25;
const OBJECT_IN_USE = "55006";
const DUPLICATE_DATABASE = "42P04";
const DUPLICATE_OBJECT = "42710";
const UNIQUE_VIOLATION = "23505";

/**
 * Makes sure that the template is there. Of any number of callers on any number of machines, one makes it and the others wait.
 *
 * It is made under another name and gets its own when it is whole: that name is the proof. What a killed maker leaves
 * behind is collected like any copy without a maker.
 */
export async function ensureTemplate(admin: pg.Client, url: string, source: TemplateSource): Promise<void> {
  const deadline = Date.now() + source.waitMs;
  const lock = [TEMPLATE_LOCKS, templateLock(source.template)];
  // Polled: a session that waits in the server for a lock holds a snapshot, which would hold up what prepare does.
  while (!(await touch(admin, source.template))) {
    const tried = await admin.query<{ locked: boolean }>("select pg_try_advisory_lock($1, $2) as locked", lock);
    if (tried.rows[0]?.locked === true) {
      try {
        if (!(await touch(admin, source.template))) await make(admin, url, source);
        return;
      } finally {
        await admin.query("select pg_advisory_unlock($1, $2)", lock);
      }
    }
    if (Date.now() > deadline) {
      throw new TimeoutError(
        `The template ${source.template}, which another process makes, was not finished`,
        source.waitMs,
      );
    }
    await sleep(POLL_MS);
  }
}

/** Whether the template is there. If so, notes that it is used, once an hour. */
async function touch(admin: pg.Client, template: string): Promise<boolean> {
  const { rows } = await admin.query<{ noted: boolean; note: string }>(LAST_USE, [template]);
  const found = rows[0];
  if (found !== undefined && !found.noted) await comment(admin, template, found.note);
  return found !== undefined;
}

async function make(admin: pg.Client, url: string, source: TemplateSource): Promise<void> {
  for (const role of Object.values(source.roles)) await makeRole(admin, url, role);
  const unfinished = newCopy(source.template);
  const name = pg.escapeIdentifier(unfinished.name);
  await admin.query("select pg_advisory_lock($1, $2)", [COPY_LOCKS, unfinished.lock]);
  try {
    // From template0: what somebody put into template1 is no part of what prepare makes.
    await admin.query(`create database ${name} template template0`);
    await source.prepare(withDatabase(url, unfinished.name), { template: source.template, roles: source.roles });
    await admin.query(`alter database ${name} allow_connections false`);
    const { rows } = await admin.query<{ note: string }>("select 'used ' || now() as note");
    await comment(admin, unfinished.name, rows[0]!.note);
    await admin.query(`alter database ${name} rename to ${pg.escapeIdentifier(source.template)}`);
  } catch (error) {
    await admin.query(`drop database if exists ${name} with (force)`);
    // Made meanwhile by somebody who holds the lock in another database of the cluster.
    if (isSqlState(error, DUPLICATE_DATABASE)) return;
    if (isSqlState(error, OBJECT_IN_USE)) throw stillConnected(error);
    throw error;
  } finally {
    await admin.query("select pg_advisory_unlock($1, $2)", [COPY_LOCKS, unfinished.lock]);
  }
}

function stillConnected(cause: unknown): TestingError {
  return new TestingError(
    "PLINTH_TESTING_PREPARE_CONNECTED",
    "prepare resolved with connections to its database still open: end its pools and clients before it resolves.",
    { cause },
  );
}

async function comment(admin: pg.Client, database: string, note: string): Promise<void> {
  try {
    await admin.query(`comment on database ${pg.escapeIdentifier(database)} is ${pg.escapeLiteral(note)}`);
  } catch (error) {
    // Many workers note the same at the same time: one of them is enough.
    if (!(error instanceof Error) || !error.message.includes("concurrently")) throw error;
  }
}

async function makeRole(admin: pg.Client, url: string, role: string): Promise<void> {
  try {
    const password = pg.escapeLiteral(rolePassword(url, role));
    await admin.query(`create role ${pg.escapeIdentifier(role)} login password ${password}`);
  } catch (error) {
    // Left by a maker that was killed, and as good as new: nothing was granted to it outside the database it was for.
    if (!isSqlState(error, DUPLICATE_OBJECT, UNIQUE_VIOLATION)) throw error;
  }
}

/** A password that every process with the server's URL arrives at, and nobody else can where that URL has a password itself. */
export function rolePassword(url: string, role: string): string {
  const { password } = new URL(url);
  return createHmac("sha256", `plinth ${password}`).update(role).digest("hex");
}

// When a template was last used, by the comment on it, and what to write there. No row: there is no such template. Takes no lock.
const LAST_USE = `
  select
    coalesce(substr(shobj_description(d.oid, 'pg_database'), 6)::timestamptz > now() - interval '1 hour', false) as noted,
    'used ' || now() as note
  from pg_database d
  where d.datname = $1`;
