// node peer.mjs <tool> <url> <directory>: one run of another migrator, each loaded only when it is asked for, with the fewest options it takes.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const [tool, url, directory] = process.argv.slice(2);
const tools = {
  "node-pg-migrate": nodePgMigrate,
  "graphile-migrate": graphileMigrate,
  kysely,
  "postgres-migrations": postgresMigrations,
};
await tools[tool]();

async function nodePgMigrate() {
  const { runner } = await import("node-pg-migrate");
  await runner({ databaseUrl: url, dir: directory, direction: "up", migrationsTable: "pgmigrations", log: () => {} });
}

async function graphileMigrate() {
  const { default: graphile } = await import("graphile-migrate");
  // Its folder holds `committed`, with a chain of hashes that the workload has written.
  await graphile.migrate({ connectionString: url, migrationsFolder: join(directory, "graphile") });
}

async function kysely() {
  const { default: pg } = await import("pg");
  const { Kysely, Migrator, PostgresDialect, sql } = await import("kysely");
  const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) });
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql"));
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
  const migration = (text) => ({ up: (on) => sql.raw(text).execute(on) });
  const provider = {
    getMigrations: async () => Object.fromEntries(names.map((name, index) => [name, migration(texts[index])])),
  };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  await db.destroy();
}

async function postgresMigrations() {
  const { default: pg } = await import("pg");
  const { migrate } = await import("postgres-migrations");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await migrate({ client }, directory);
  await client.end();
}
