import { afterAll, expect, test } from "@jest/globals";
import { type Contract, connect, SchemaTooOldError } from "@plinth/db-core";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { contract as notes } from "@plinth/notes";
import { migrationsOf } from "./checkout.ts";
import { EmptyDatabase } from "./empty-database.ts";
import { contract as diary } from "./fixtures/diary/src/procedures.gen.ts";
import { contract as release1 } from "./fixtures/people-1/src/procedures.gen.ts";
import { contract as release2 } from "./fixtures/people-2/src/procedures.gen.ts";
import { releaseTests } from "./people-release-1.ts";

// V is the database's version of a namespace, S the one that code was built against.
const [version1, version2, empty] = await Promise.all([
  createMigratedDatabase({ migrations: migrationsOf("people-1") }),
  createMigratedDatabase({ migrations: migrationsOf("people-2") }),
  EmptyDatabase.create(),
]);
afterAll(async () => {
  await Promise.all([version1.drop(), version2.drop(), empty[Symbol.asyncDispose]()]);
});

/** The error with which code that was built against the contracts is refused. */
async function refusal(writeUrl: string, namespaces: readonly Contract[]): Promise<SchemaTooOldError> {
  const refused = await connect({ writeUrl, namespaces }).then(
    async (db) => {
      await db.close();
      throw new Error("it was let in");
    },
    (error: unknown) => error,
  );
  if (refused instanceof SchemaTooOldError) return refused;
  throw refused;
}

test("code is refused by a database one version older, and told which namespace, both versions and what to run", async () => {
  const error = await refusal(version1.url, [release2]);
  expect(error.namespaces).toEqual([{ namespace: "@acme/people", database: 1, required: 2 }]);
  expect(error.message).toContain("@acme/people is at version 1, this code needs 2");
  expect(error.message).toContain("plinth-migrate apply");
  expect(error).toMatchObject({ code: "SCHEMA_TOO_OLD", retryable: false });
});

test("an empty database refuses code with the same error", async () => {
  const error = await refusal(empty.url, [release1]);
  expect(error.namespaces).toEqual([{ namespace: "@acme/people", database: undefined, required: 1 }]);
  expect(error.message).toContain("plinth-migrate apply");
});

test("every namespace that is too old is named at once, and none that is not", async () => {
  const error = await refusal(version1.url, [diary, release1, release2, notes]);
  expect(error.namespaces).toEqual([
    { namespace: "@acme/diary", database: undefined, required: 2 },
    { namespace: "@acme/people", database: 1, required: 2 },
    { namespace: "@plinth/notes", database: undefined, required: 1 },
  ]);
});

test("code of the database's own version is let in, and finds what is new", async () => {
  const db = await connect({ writeUrl: version2.url, namespaces: [release2] });
  try {
    const id = await db.procs.people.addPerson({ name: "Ada", street: "here", city: "London", country: "England" });
    await expect(db.procs.people.getPerson({ id })).resolves.toMatchObject({ country: "England" });
  } finally {
    await db.close();
  }
});

for (const [schema, database] of [
  ["its own schema (V = S)", version1],
  ["the schema of the release after it (V = S + 1)", version2],
] as const)
  for (const [name, body] of Object.entries(releaseTests))
    test(`release 1 on ${schema}: ${name}`, async () => {
      await database.truncate();
      const db = await connect({ writeUrl: database.url, namespaces: [release1] });
      try {
        await body(db);
      } finally {
        await db.close();
      }
    });
