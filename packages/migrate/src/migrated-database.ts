import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Contract, connect, type Database } from "@plinth/db-core";
import { knownKeys, OptionError } from "@plinth/db-core/errors";
import { createTestDatabase, type TestDatabase } from "@plinth/testing";
import pg from "pg";
import { type Access, checkAccess } from "./access.ts";
import { apply } from "./apply.ts";
import { quoteName } from "./catalog/catalog-client.ts";
import { loadMigrations } from "./load-migrations.ts";
import type { Migrations } from "./migrations.ts";
import { accessOfRoles, ownerService, roleKey, roleKeys, testAccess } from "./test-access.ts";

/** What a migrated test database is made of. */
export interface MigratedDatabaseOptions<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> {
  /** The migrations of the package or application under test. */
  readonly migrations: string | URL;
  /**
   * Who the tests are: a service of access.json, logged in with a role of its own that may do what that service may, so that a missing grant
   * fails a test. Where there is no access.json, a service that uses the package and all that it imports.
   *
   * @defaultValue the server's user, who owns everything
   */
  readonly service?: Service | undefined;
  /** The contracts that {@link MigratedDatabase.db} is connected with. @defaultValue none */
  readonly namespaces?: Contracts | undefined;
  /**
   * Who may call what. `null`: whatever access.json there is, the service may use every package.
   *
   * @defaultValue the access.json beside the package.json, if there is one
   */
  readonly access?: Access | null | undefined;
  /**
   * The URL of a server whose user may create databases, and roles where there is a `service`.
   *
   * @defaultValue that of `testServer()` of @plinth/testing
   */
  readonly server?: string | undefined;
}

/**
 * A migrated database of one test file's own. It lives until it is dropped, or until this process ends.
 *
 * @throws {OptionError} An option is out of its range, or access.json doesn't know the service. Nothing was made.
 * @throws {MigrateError} The migrations can't be loaded or applied. Nothing is left.
 */
export async function createMigratedDatabase<
  const Contracts extends readonly Contract[] = readonly [],
  const Service extends string = string,
>(options: MigratedDatabaseOptions<Contracts, Service>): Promise<MigratedDatabase<Contracts, Service>> {
  knownKeys(options, ["migrations", "service", "namespaces", "access", "server"], "createMigratedDatabase");
  const { migrations: directory, service, server } = options;
  if (typeof directory !== "string" && !(directory instanceof URL))
    throw new OptionError("migrations", "a directory's path or URL", directory);
  const migrations = await loadMigrations(directory);
  const access = await testAccess(migrations, options.access, service);
  if (access !== undefined) checkAccess(access, migrations);
  const test = await createTestDatabase({
    key: await keyOf(migrations, access),
    roles: access === undefined ? [] : roleKeys(access),
    prepare: (url, { roles }) => migrate(url, migrations, access, roles),
    ...(server === undefined ? {} : { server }),
  });
  try {
    const writeUrl = urlOf(test, service);
    const db = await connect({ writeUrl, ...(service === undefined ? {} : { service }), ...namesOf(options) });
    return new MigratedDatabase(test, writeUrl, db);
  } catch (error) {
    await test.drop();
    throw error;
  }
}

function namesOf<Contracts extends readonly Contract[]>({ namespaces }: { namespaces?: Contracts | undefined }) {
  return namespaces === undefined ? {} : { namespaces };
}

/** Logs in as the service, or as the server's user where none was asked for. */
function urlOf(test: TestDatabase, service: string | undefined): string {
  return service === undefined ? test.url : test.urlFor(roleKey(service));
}

/** Made by {@link createMigratedDatabase}. */
export class MigratedDatabase<
  Contracts extends readonly Contract[] = readonly Contract[],
  Service extends string = string,
> {
  readonly name: string;
  /** Connected as the service, or as the server's user where none was asked for. Closed by {@link drop}. */
  readonly db: Database<Contracts, Service>;
  /** Logs in as the service, or as the server's user where none was asked for. */
  readonly url: string;
  /** Logs in as the server's user, who may look at everything. */
  readonly adminUrl: string;
  readonly #test: TestDatabase;

  /** @internal */
  constructor(test: TestDatabase, url: string, db: Database<Contracts, Service>) {
    this.#test = test;
    this.name = test.name;
    this.adminUrl = test.url;
    this.url = url;
    this.db = db;
  }

  /** The URL with which another service of access.json logs in. */
  urlFor(service: string): string {
    return this.#test.urlFor(roleKey(service));
  }

  /** Empties every table of every schema but the ledger, puts back the rows that migrations put there, and sets sequences to where they stood. */
  async truncate(): Promise<void> {
    await this.#test.truncate();
  }

  /** Closes `db`, drops the database, and ends what connections to it there still are. May be called again. */
  async drop(): Promise<void> {
    await this.db.close();
    await this.#test.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drop();
  }
}

/** Whatever changes what the migrator makes changes the key: the files, who may call what, and the ledger that it keeps. */
async function keyOf(migrations: Migrations, access: Access | undefined): Promise<string> {
  const hash = createHash("sha256");
  for (const { name, files } of migrations.namespaces)
    for (const file of files) hash.update(JSON.stringify([name, file.number, file.repeatable, file.hash]));
  const ledger = fileURLToPath(new URL("../migrations/", import.meta.url));
  for (const file of (await readdir(ledger)).sort()) hash.update(await readFile(`${ledger}/${file}`));
  return hash.update(JSON.stringify(access ?? null)).digest("hex");
}

async function migrate(
  url: string,
  migrations: Migrations,
  access: Access | undefined,
  roles: Readonly<Record<string, string>>,
): Promise<void> {
  const owner = roles[ownerService];
  if (owner !== undefined) await makeOwner(url, owner);
  await apply(url, migrations, { access: access === undefined ? null : accessOfRoles(access, roles) });
}

/** The owner role of an application: it cannot log in, may create schemas, and the server's user may act as it. */
async function makeOwner(url: string, owner: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    const role = quoteName(owner);
    const { rows } = await client.query<{ name: string; is_superuser: boolean }>(
      "select current_database() as name, rolsuper as is_superuser from pg_roles where rolname = current_user",
    );
    const { name, is_superuser } = rows[0]!;
    await client.query(`alter role ${role} nologin; grant create on database ${quoteName(name)} to ${role}`);
    if (!is_superuser) await client.query(`grant ${role} to current_user`);
  } finally {
    await client.end();
  }
}
