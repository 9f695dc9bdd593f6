import { expect, test } from "@jest/globals";
import { documentOf, type Run } from "./cli.ts";
import { OwnedApplication } from "./owned-application.ts";

const OK = expect.objectContaining({ code: 0 });

const diaryMayCall = [
  "billing.get_total",
  "diary.add_entry",
  "diary.get_port",
  "diary.list_entries",
  "plinth_core.get_versions",
  "plinth_notes.add_note",
  "plinth_notes.get_note",
  "plinth_notes.list_notes",
  "plinth_notes.remove_note",
  "plinth_notes.replace_note",
];

function grantsOf(run: Run): string[] {
  return documentOf<{ grants: { statement: string }[] }>(run).grants.map(({ statement }) => statement);
}

test("apply grants exactly what access.json says, and verify agrees", async () => {
  await using app = await OwnedApplication.create();
  const { checkout, url } = app;
  expect(await checkout.run(url, "apply")).toEqual(OK);
  expect(await app.executable("diary")).toEqual(diaryMayCall);
  expect(await app.executable("billing")).toEqual([
    "billing.add_invoice",
    "billing.get_total",
    "billing.list_invoices",
    "plinth_core.get_versions",
  ]);
  expect(await checkout.run(url, "verify")).toEqual(OK);
});

test("a grant that somebody made by hand is found by verify, and taken away by an apply that has nothing pending", async () => {
  await using app = await OwnedApplication.create();
  const { checkout, url, database } = app;
  expect(await checkout.run(url, "apply")).toEqual(OK);
  const { diary, billing, owner } = database.roles;
  for (const grant of [
    `grant execute on function billing.add_invoice to ${diary}`,
    `grant select on diary.entry to ${billing}; grant usage on schema diary to ${billing}`,
    "grant execute on function plinth_notes.get_note to public",
  ]) {
    await database.rows(`set role ${owner}; ${grant}; reset role`);
    const verified = await checkout.run(url, "verify");
    expect(verified.code).toBe(10);
    const applied = await checkout.run(url, "apply", "--json");
    expect(applied).toEqual(OK);
    expect(documentOf(applied)).toMatchObject({ applied: [] });
    expect(grantsOf(applied).length).toBeGreaterThan(0);
    expect(await checkout.run(url, "verify")).toEqual(OK);
  }
  expect(await app.executable("diary")).toEqual(diaryMayCall);
  await expect(database.column(`select has_table_privilege($1, 'diary.entry', 'select')`, [billing])).resolves.toEqual([
    false,
  ]);
});

test("a change of access.json alone is put into effect, and undone with it", async () => {
  await using app = await OwnedApplication.create();
  const { checkout, url } = app;
  expect(await checkout.run(url, "apply")).toEqual(OK);
  const before = checkout.read("access.json");
  checkout.edit("access.json", '["billing.get_*"]', '["billing.*"]');
  expect(await checkout.run(url, "apply")).toEqual(OK);
  // Reads: a pattern never grants what writes.
  expect(await app.executable("diary")).toEqual([...diaryMayCall, "billing.list_invoices"].sort());
  checkout.write({ "access.json": before });
  expect(await checkout.run(url, "apply")).toEqual(OK);
  expect(await app.executable("diary")).toEqual(diaryMayCall);
});

test("a role that is not there is named, and nobody is granted anything", async () => {
  await using app = await OwnedApplication.create();
  const { checkout, url } = app;
  checkout.edit("access.json", '"billing": {', '"nobody": { "uses": ["@plinth/notes"] }, "billing": {');
  const run = await checkout.run(url, "apply");
  expect(run.code).toBe(8);
  expect(run.stderr).toContain(`${app.database.roles.diary!.replace(/diary$/, "nobody")}`);
  expect(await app.executable("diary")).toEqual([]);
});

test("an older checkout takes no grant away that a newer release gave", async () => {
  await using app = await OwnedApplication.create();
  const { checkout, url } = app;
  const before = checkout.read("access.json");
  checkout
    .edit("access.json", '["billing.get_*"]', '["billing.*"]')
    .write({ "migrations/003-release.sql": "-- A release.\n" });
  expect(await checkout.run(url, "apply")).toEqual(OK);
  const granted = await app.executable("diary");
  expect(granted).toContain("billing.list_invoices");

  checkout.write({ "access.json": before }).delete("migrations/003-release.sql");
  const run = await checkout.run(url, "apply");
  expect(run).toEqual(OK);
  expect(run.stderr).toContain("older checkout");
  expect(await app.executable("diary")).toEqual(granted);
});
