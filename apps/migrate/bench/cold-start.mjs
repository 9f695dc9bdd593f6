// Prints what `plinth-migrate` costs from a cold start, beside a bare Node process that connects and runs one query. README.md says how to read it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";

const quick = process.argv.includes("--quick");
const FILES = quick ? 50 : 1000;
const ROUNDS = quick ? 1 : Number(process.env.BENCH_ROUNDS ?? 15);

const server = process.env.TEST_DATABASE_URL ?? process.env.DATABASE_URL;
if (server === undefined) throw new Error("set TEST_DATABASE_URL to a server where databases may be made");
const database = `plinth_bench_${process.pid}`;
const url = Object.assign(new URL(server), { pathname: `/${database}` }).href;
const bin = fileURLToPath(new URL("../bin/plinth-migrate.js", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "plinth-bench-"));

const operator = new pg.Client({ connectionString: server });
await operator.connect();
await operator.query(`create database ${database}`);
try {
  writeProject();
  run([bin, "apply"]);

  const bare = `
    const { default: pg } = await import(${JSON.stringify(import.meta.resolve("pg"))});
    const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
    await client.connect();
    await client.query("select 1");
    await client.end();`;
  const variants = {
    "bare Node, pg, one query": ["--input-type=module", "-e", bare],
    [`apply, ${FILES} applied files`]: [bin, "apply"],
    [`plan, ${FILES} applied files`]: [bin, "plan"],
    [`status, ${FILES} applied files`]: [bin, "status"],
    "--version": [bin, "--version"],
  };
  // Variants take turns, so that a busy moment of the machine hits them all.
  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, args] of Object.entries(variants)) {
      const took = run(args);
      // The first round fills the file cache.
      if (round > 0) times[name].push(took);
    }

  const base = median(times["bare Node, pg, one query"]);
  for (const [name, each] of Object.entries(times))
    console.log(
      `${name.padEnd(28)} ${median(each).toFixed(0).padStart(5)} ms  ${(median(each) / base).toFixed(2).padStart(5)} x  best ${Math.min(...each).toFixed(0)} ms`,
    );
} finally {
  rmSync(project, { recursive: true, force: true });
  await operator.query(`drop database if exists ${database} with (force)`);
  await operator.end();
}

function writeProject() {
  mkdirSync(join(project, "migrations"));
  mkdirSync(join(project, "node_modules/@plinth"), { recursive: true });
  symlinkSync(
    fileURLToPath(new URL("../../../packages/db-core", import.meta.url)),
    join(project, "node_modules/@plinth/db-core"),
    "dir",
  );
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "bench", dependencies: { "@plinth/db-core": "*" } }),
  );
  writeFileSync(join(project, "migrations/namespaces.txt"), "");
  for (let number = 1; number <= FILES; number++)
    writeFileSync(
      join(project, "migrations", `${String(number).padStart(4, "0")}-table.sql`),
      `-- Creates only.\ncreate table bench_${number} (id bigint primary key, body text not null);\ncreate index on bench_${number} (body);\n`,
    );
}

function run(args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATABASE_URL: url },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - started;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
