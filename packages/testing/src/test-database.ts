import pg from "pg";
import { checkInteger, checkPostgresUrl } from "./check-option.ts";
import { COPY_LOCKS, type Copy, newCopy, roleName, templateName } from "./database-names.ts";
import { OptionError, TestServerPrivilegeError } from "./errors.ts";
import { collectLeftovers } from "./leftovers.ts";
import { closeSession, isSqlState, openSession, setAside, withDatabase, withSession } from "./session.ts";
import { ensureTemplate, type Prepared, rolePassword } from "./template.ts";
import { testServer } from "./test-server.ts";
import { readSeeds, type Seeds, truncateAll } from "./truncate.ts";

export interface TestDatabaseOptions {
  /** What the template's name is made of: it must change whenever what `prepare` does changes. A hash of the migrations, say. */
  readonly key: string | Uint8Array;
  /**
   * Makes the template: migrates the empty database at `url`. Called once per key, user and server, by whichever process comes first.
   * Its connections must have ended when it resolves. If it rejects, so does {@link createTestDatabase}, and nothing is left.
   */
  readonly prepare: (url: string, prepared: Prepared) => Promise<void>;
  /**
   * Services for which to make a role that can log in, named `plinth_test_<template>_<service>`, before `prepare`, which grants
   * to it. Dropped with the template. At most 34 lower case letters, digits and underscores each. @defaultValue none
   */
  readonly roles?: readonly string[];
  /** The URL of a server whose user may create databases. @defaultValue that of {@link testServer} */
  readonly server?: string;
  /** How long to wait for another process that makes the same template, 1,000 to 3,600,000. @defaultValue 300,000 */
  readonly waitMs?: number;
}

const TEMPLATE_GONE_TRIES = 5;
const UNDEFINED_DATABASE = "3D000";

/**
 * Makes a database of this caller's own: a copy of the template that `prepare` made. It lives until {@link TestDatabase.drop}
 * or until this process ends; then the next caller on that server drops it.
 *
 * @throws {OptionError} An option is out of its range. Nothing was made.
 * @throws {TestServerPrivilegeError} The server's user may not create databases, or roles where roles are asked for. Nothing was made.
 * @throws {TimeoutError} Another process still makes the template.
 */
export async function createTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const services = options.roles ?? [];
  if (options.key.length === 0) throw new OptionError("key", "a string or bytes that are not empty", options.key);
  checkInteger("waitMs", options.waitMs, 1_000, 3_600_000);
  if (options.server !== undefined) checkPostgresUrl("server", options.server);
  for (const service of services) roleName(templateName("", "", []), service);

  const url = options.server ?? (await testServer()).url;
  const session = await openSession(url);
  try {
    const user = await checkPrivileges(session, services.length > 0);
    const template = templateName(options.key, user, services);
    const roles = Object.fromEntries(services.map((service) => [service, roleName(template, service)]));
    await collectLeftovers(session);
    const source = { template, roles, prepare: options.prepare, waitMs: options.waitMs ?? 300_000 };
    const copy = await copyTemplate(session, url, source);
    const seeds = await withSession(withDatabase(url, copy.name), readSeeds);
    return new TestDatabase(session, url, copy, { template, roles }, seeds);
  } catch (error) {
    await closeSession(session);
    throw error;
  }
}

async function copyTemplate(
  session: pg.Client,
  url: string,
  source: Parameters<typeof ensureTemplate>[2],
): Promise<Copy> {
  const copy = newCopy(source.template);
  // Before it is there: a copy without this lock is a leftover.
  await session.query("select pg_advisory_lock($1, $2)", [COPY_LOCKS, copy.lock]);
  for (let tries = 1; ; tries += 1) {
    await ensureTemplate(session, url, source);
    try {
      // By the log and not by file: no checkpoint, which would make every worker wait for what all the others have written.
      await session.query(
        `create database ${pg.escapeIdentifier(copy.name)} template ${pg.escapeIdentifier(source.template)} strategy wal_log`,
      );
      return copy;
    } catch (error) {
      // Dropped just now as one that nobody had used for a week.
      if (!isSqlState(error, UNDEFINED_DATABASE) || tries === TEMPLATE_GONE_TRIES) throw error;
    }
  }
}

async function checkPrivileges(session: pg.Client, createsRoles: boolean): Promise<string> {
  const { rows } = await session.query<{ name: string; createdb: boolean; createrole: boolean }>(
    `select rolname as name, rolsuper or rolcreatedb as createdb, rolsuper or rolcreaterole as createrole
     from pg_roles
     where rolname = current_user`,
  );
  const { name, createdb, createrole } = rows[0]!;
  if (!createdb) throw new TestServerPrivilegeError(name, "create databases");
  if (createsRoles && !createrole) throw new TestServerPrivilegeError(name, "create roles");
  return name;
}

/** A database of one test file's own. Made by {@link createTestDatabase}. */
export class TestDatabase {
  readonly name: string;
  /** Logs in as the server's user, who owns it. */
  readonly url: string;
  /** The name of the template it was copied from. */
  readonly template: string;
  /** The roles that were asked for: service to role. */
  readonly roles: Readonly<Record<string, string>>;
  readonly #server: string;
  readonly #seeds: Seeds;
  /** Holds the lock that proves this process to be alive. */
  readonly #session: pg.Client;
  #dropped: Promise<void> | undefined;

  /** @internal */
  constructor(session: pg.Client, server: string, copy: Copy, { template, roles }: Prepared, seeds: Seeds) {
    this.#session = session;
    this.#server = server;
    this.#seeds = seeds;
    this.name = copy.name;
    this.url = withDatabase(server, copy.name);
    this.template = template;
    this.roles = roles;
    setAside(session);
  }

  /** The URL with which to log in as a service's role. */
  urlFor(service: string): string {
    const role = this.roles[service];
    if (role === undefined) throw new OptionError("service", "one that was asked for in roles", service);
    const url = new URL(this.url);
    url.username = role;
    url.password = rolePassword(this.#server, role);
    return url.href;
  }

  /**
   * Empties every table of every schema but `plinth_migrate`, puts the template's rows back, and sets sequences to where
   * they stood. Tables that hold nothing but the template's rows are left alone. One transaction; waits at most 5 seconds
   * for a table that an open transaction has locked.
   *
   * Materialized views and large objects stay as they are. Where the template has rows that changed, the server's user must be a superuser.
   */
  async truncate(): Promise<void> {
    await withSession(this.url, (client) => truncateAll(client, this.#seeds));
  }

  /** Drops it, and ends what connections to it there still are. May be called again. */
  async drop(): Promise<void> {
    this.#dropped ??= this.#drop();
    await this.#dropped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }

  async #drop(): Promise<void> {
    await withSession(this.#server, (client) =>
      client.query(`drop database if exists ${pg.escapeIdentifier(this.name)} with (force)`),
    );
    await closeSession(this.#session);
  }
}
