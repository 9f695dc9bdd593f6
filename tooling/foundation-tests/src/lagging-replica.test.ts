import { expect, test } from "@jest/globals";
import { connect, type DatabaseEvent } from "@plinth/db-core";
import { apply, loadMigrations } from "@plinth/migrate";
import { migrationsOf } from "./checkout.ts";
import { contract as release1 } from "./fixtures/people-1/src/procedures.gen.ts";
import { contract as release2 } from "./fixtures/people-2/src/procedures.gen.ts";
import { ReplicatedDatabase } from "./replicated-database.ts";

test("while a replica lags behind an upgrade no call fails, of the old release or the new", async () => {
  await using database = await ReplicatedDatabase.create(migrationsOf("people-1"));
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
