import { afterAll, expect, test } from "@jest/globals";
import { connect, type DatabaseEvent, defineContract, type ProcedureOptional } from "@plinth/db-core";
import { apply, loadMigrations } from "@plinth/migrate";
import { migrationsOf } from "./checkout.ts";
import { contract as release1 } from "./fixtures/people-1/src/procedures.gen.ts";
import { contract as release2 } from "./fixtures/people-2/src/procedures.gen.ts";
import { ReplicatedDatabase } from "./replicated-database.ts";

const database = await ReplicatedDatabase.create(migrationsOf("people-1"));
afterAll(() => database[Symbol.asyncDispose]());

/** Of a function that is made while the replica lags. */
const newsContract = defineContract<{
  readonly shared: { readonly people: { readonly getNews: ProcedureOptional<Record<string, never>, string> } };
  readonly services: object;
  readonly iterate: object;
}>({
  name: "@acme/news",
  version: 1,
  migrations: "",
  procedures: {
    people: {
      getNews: {
        schema: "people",
        name: "get_news",
        mode: "read",
        returns: "scalar",
        args: [],
        columns: [["getNews", "get_news", "text"]],
      },
    },
  },
});

test("while a replica lags behind an upgrade no call fails, of the old release or the new", async () => {
  const { url: writeUrl, replicaUrl: readUrl, replica } = database;
  const old = await connect({ writeUrl, readUrl, namespaces: [release1] });
  const id = await old.procs.people.addPerson({ name: "Ada", street: "here", city: "London" });
  await replica.caughtUp();

  await replica.pauseReplay();
  await apply(writeUrl, await loadMigrations(migrationsOf("people-2")));

  const events: DatabaseEvent[] = [];
  let back = (): void => {};
  const told = new Promise<void>((resolve) => {
    back = resolve;
  });
  const now = await connect({
    writeUrl,
    readUrl,
    namespaces: [release2],
    onEvent(event) {
      events.push(event);
      if (event.type === "replica-back") back();
    },
  });
  try {
    // The new release asks the primary: the replica has no country.
    expect(events).toMatchObject([{ type: "replica-lost", error: { name: "SchemaTooOldError" } }]);
    const moved = { street: "there", city: "Paris", country: "France" };
    await now.procs.people.movePerson({ id, ...moved });
    await expect(now.procs.people.getPerson({ id })).resolves.toEqual({ id, name: "Ada", ...moved });

    // The old release reads what the replica has: an older state, and a right one.
    await expect(old.procs.people.getPerson({ id })).resolves.toMatchObject({ street: "here", city: "London" });
    await expect(old.procs.people.getPerson({ id }, { consistency: "primary" })).resolves.toMatchObject({
      city: "Paris",
    });

    await replica.resumeReplay();
    await replica.caughtUp();
    await expect(old.procs.people.getPerson({ id })).resolves.toMatchObject({ city: "Paris" });
    // Whether it is fit again is looked at when a read comes by.
    const reading = setInterval(() => void now.procs.people.getPerson({ id }), 10);
    await told.finally(() => clearInterval(reading));
    await expect(now.procs.people.getPerson({ id })).resolves.toMatchObject({ country: "France" });
  } finally {
    await Promise.all([old.close(), now.close()]);
  }
});

test("what the replica does not have yet is asked of the primary, also where nobody asked for versions", async () => {
  const { url: writeUrl, replicaUrl: readUrl, replica } = database;
  await replica.pauseReplay();
  const events: DatabaseEvent[] = [];
  const db = await connect({ writeUrl, readUrl, onEvent: (event) => events.push(event) });
  try {
    await db.query("create function people.get_news() returns text language sql stable return 'news'");
    const news = await db.procsOf(newsContract).people.getNews();
    expect(news).toBe("news");
    expect(events).toMatchObject([{ type: "replica-lost", error: { sqlstate: "42883" } }]);
  } finally {
    await replica.resumeReplay();
    await db.close();
  }
});
