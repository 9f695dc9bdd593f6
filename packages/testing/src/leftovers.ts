import pg from "pg";
import { COPY_LOCKS, isTemplate, NAMES_LIKE, parseCopy, TEMPLATE_LOCKS, templateLock } from "./database-names.ts";
import { isSqlState } from "./session.ts";

/** How long a template that nobody asked for is kept. */
const TEMPLATE_KEPT = "7 days";
const DROPPED_AT_ONCE_MAX = 20;
/** The lock of who collects, so that of many workers that start together one does. */
const COLLECTOR = 0;

/**
 * Drops the copies whose makers are gone, at most 20 a call, and the templates that nobody has used for a week, with their roles.
 * A maker proves that it lives by a lock that its session holds, from whatever machine; nothing that anybody is connected to is dropped.
 */
export async function collectLeftovers(admin: pg.Client): Promise<void> {
  const tried = await admin.query<{ locked: boolean }>("select pg_try_advisory_lock($1, $2) as locked", [
    TEMPLATE_LOCKS,
    COLLECTOR,
  ]);
  if (tried.rows[0]?.locked !== true) return;
  try {
    await dropCopies(admin);
    await dropTemplates(admin);
  } finally {
    await admin.query("select pg_advisory_unlock($1, $2)", [TEMPLATE_LOCKS, COLLECTOR]);
  }
}

async function dropCopies(admin: pg.Client): Promise<void> {
  // In this order: a copy's lock is taken before it is made, so that one that was there before and whose lock is not held now has no maker.
  const copies = await admin.query<{ name: string }>(UNUSED_DATABASES, [NAMES_LIKE]);
  const { rows } = await admin.query<{ lock: number }>(HELD_LOCKS, [COPY_LOCKS]);
  const held = new Set(rows.map(({ lock }) => lock));
  const abandoned = copies.rows
    .map(({ name }) => parseCopy(name))
    .filter((copy) => copy !== undefined && !held.has(copy.lock));
  for (const copy of abandoned.slice(0, DROPPED_AT_ONCE_MAX)) await dropUnlessUsed(admin, copy!.name);
}

async function dropTemplates(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(OLD_TEMPLATES, [NAMES_LIKE, TEMPLATE_KEPT]);
  for (const { name } of rows) {
    if (!isTemplate(name)) continue;
    const lock = [TEMPLATE_LOCKS, templateLock(name)];
    const tried = await admin.query<{ locked: boolean }>("select pg_try_advisory_lock($1, $2) as locked", lock);
    if (tried.rows[0]?.locked !== true) continue;
    try {
      await dropUnlessUsed(admin, name);
      await dropRoles(admin, name);
    } finally {
      await admin.query("select pg_advisory_unlock($1, $2)", lock);
    }
  }
}

/** Drops the roles that were made for a template. One that a database still needs stays. */
export async function dropRoles(admin: pg.Client, template: string): Promise<void> {
  const { rows } = await admin.query<{ rolname: string }>(
    "select rolname from pg_roles where starts_with(rolname, $1)",
    [`${template}_`],
  );
  for (const { rolname } of rows) {
    try {
      await admin.query(`drop role if exists ${pg.escapeIdentifier(rolname)}`);
    } catch (error) {
      if (!isSqlState(error, DEPENDENT_OBJECTS, INSUFFICIENT_PRIVILEGE)) throw error;
    }
  }
}

async function dropUnlessUsed(admin: pg.Client, name: string): Promise<void> {
  try {
    await admin.query(`drop database if exists ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    if (!isSqlState(error, OBJECT_IN_USE, UNDEFINED_DATABASE)) throw error;
  }
}

const OBJECT_IN_USE = "55006";
const UNDEFINED_DATABASE = "3D000";
const DEPENDENT_OBJECTS = "2BP01";
const INSUFFICIENT_PRIVILEGE = "42501";

// Databases of this user, by the names that are made here, that no client is connected to. Takes no lock.
const UNUSED_DATABASES = `
  select d.datname as name
  from pg_database d
  where d.datname like $1
    and d.datdba = current_user::regrole
    and not exists (
      select from pg_stat_activity a
      where a.datid = d.oid
        and a.backend_type = 'client backend')
  order by d.oid`;

// Locks of makers in whichever database of the cluster they are held. Takes no lock.
const HELD_LOCKS = `
  select (case when objid::bigint > 2147483647 then objid::bigint - 4294967296 else objid::bigint end)::int as lock
  from pg_locks
  where locktype = 'advisory'
    and classid::bigint = $1
    and objsubid = 2
    and granted`;

// Templates whose comment tells a time long past and that no copy is left of. Takes no lock.
const OLD_TEMPLATES = `
  select d.datname as name
  from pg_database d
  where d.datname like $1
    and d.datdba = current_user::regrole
    and not d.datallowconn
    and shobj_description(d.oid, 'pg_database') ~ '^used [0-9]'
    and substr(shobj_description(d.oid, 'pg_database'), 6)::timestamptz < now() - $2::interval
    and not exists (
      select from pg_database copy
      where starts_with(copy.datname, d.datname || '_'))`;
