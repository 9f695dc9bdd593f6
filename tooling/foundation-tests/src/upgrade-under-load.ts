import { connect } from "@plinth/db-core";
import { apply, loadMigrations } from "@plinth/migrate";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { spawnWorker, type Worker } from "@plinth/testing";
import { Checkout, migrationsOf } from "./checkout.ts";
import { contract as oldContract } from "./fixtures/people-1/src/procedures.gen.ts";
import { contract as newContract } from "./fixtures/people-2/src/procedures.gen.ts";

const PROCESSES = 2;
const CALLERS_EACH = 4;

/** What callers of the old release saw of an upgrade. */
export interface UpgradeSeen {
  /** Calls that were answered. */
  readonly calls: number;
  /** Wrong answers and errors. */
  readonly wrong: readonly string[];
  /** What the new release says of somebody who was added before the upgrade, and of how many there are without an address. */
  readonly after: { readonly country: string | undefined; readonly homeless: bigint };
}

/** Upgrades a fresh database of the first release of people to the second while eight callers in two processes call its procedures. */
export async function upgradeUnderLoad(): Promise<UpgradeSeen> {
  await using database = await createMigratedDatabase({ migrations: migrationsOf("people-1") });
  // The new release, and a moment in which callers would find the procedures gone if anything were committed by halves.
  using release2 = Checkout.of("people-2").write({ "migrations/003-moment.sql": "select pg_sleep(0.5);" });
  const early = await addEarly(database.url);
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => startCallers(database.url)));
  try {
    await Promise.all(workers.map((worker) => worker.message("warm")));
    await apply(database.url, await loadMigrations(release2.migrations));
    for (const worker of workers) worker.send("again");
    await Promise.all(workers.map((worker) => worker.message("warm")));
    for (const worker of workers) worker.send("stop");
    const done = await Promise.all(workers.map((worker) => worker.message<{ calls: number; wrong: string[] }>("done")));
    return {
      calls: done.reduce((sum, { calls }) => sum + calls, 0),
      wrong: done.flatMap(({ wrong }) => wrong),
      after: await lookAfter(database.url, early),
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
}

async function startCallers(url: string): Promise<Worker> {
  const worker = await spawnWorker(new URL("./fixtures/people-caller.mjs", import.meta.url));
  worker.send({ contract: oldContract, url, callers: CALLERS_EACH });
  return worker;
}

async function addEarly(url: string): Promise<bigint> {
  const db = await connect({ writeUrl: url, namespaces: [oldContract] });
  try {
    return await db.procs.people.addPerson({ name: "Ada", street: "St James's Square", city: "London" });
  } finally {
    await db.close();
  }
}

async function lookAfter(url: string, id: bigint): Promise<UpgradeSeen["after"]> {
  const db = await connect({ writeUrl: url, namespaces: [newContract] });
  try {
    const ada = await db.procs.people.getPerson({ id });
    const { rows } = await db.query<{ homeless: bigint }>(
      `select count(*) as homeless
       from people.person p
       where not exists (select from people.person_address a where a.person_id = p.id)`,
    );
    return { country: ada?.country, homeless: rows[0]!.homeless };
  } finally {
    await db.close();
  }
}
