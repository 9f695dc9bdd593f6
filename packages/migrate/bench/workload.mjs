import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

/** A package with so many migrations of one table each, and the same for psql. */
export function tables(count) {
  return write(
    Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), `create table m_${n} (id int);\n`])),
  );
}

/** One file of so many megabytes of inserts. */
export function large(megabytes) {
  const row = `insert into large values ('${"x".repeat(1_000)}');\n`;
  return write({
    [name(0)]: `create table large (text text);\n${row.repeat(Math.ceil((megabytes * 1_048_576) / row.length))}`,
  });
}

function write(files) {
  const root = mkdtempSync(join(tmpdir(), "migrate-bench-"));
  const directory = join(root, "migrations");
  mkdirSync(directory);
  writeFileSync(join(root, "package.json"), '{ "name": "bench" }');
  for (const [fileName, text] of Object.entries(files)) writeFileSync(join(directory, fileName), text);
  const paths = Object.keys(files).map((fileName) => join(directory, fileName));
  return { directory, paths, remove: () => rmSync(root, { recursive: true }) };
}

function name(number) {
  return `${String(number + 1).padStart(5, "0")}-table-${number + 1}.sql`;
}

/** Does `work` with the URL of an empty database of its own. */
export async function withDatabase(server, work) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const database = `migrate_bench_${process.pid}`;
  const url = new URL(server);
  url.pathname = `/${database}`;
  try {
    await client.query(`drop database if exists ${database} with (force)`);
    await client.query(`create database ${database}`);
    return await work(url.href);
  } finally {
    await client.query(`drop database if exists ${database} with (force)`);
    await client.end();
  }
}
