import { afterEach, expect, test } from "@jest/globals";
import { checkAccess, readAccess } from "./access.ts";
import { AccessFileError } from "./access-error.ts";
import { parseAccess } from "./access-file.ts";
import { graphOf } from "./fixtures/batch-database.ts";
import { TypesPackage } from "./fixtures/types-package.ts";

const opened: TypesPackage[] = [];

afterEach(async () => {
  for (const each of opened.splice(0)) await each.remove();
});

function refusal(text: string): AccessFileError {
  try {
    parseAccess("/app/access.json", text);
  } catch (error) {
    expect(error).toBeInstanceOf(AccessFileError);
    return error as AccessFileError;
  }
  throw new Error("it was accepted");
}

test("what is left out is nothing: no prefix, no owner role, no rights", () => {
  expect(parseAccess("/app/access.json", '\uFEFF{ "services": { "web": {} } }')).toEqual({
    file: "/app/access.json",
    rolePrefix: "",
    ownerRole: undefined,
    services: { web: { own: [], uses: [], reads: [] } },
  });
});

test("everything that is wrong is told at once, with its lines", () => {
  const error = refusal(`{
  "rolePrefix": "Acme",
  "owner": "x",
  "services": {
    "Web": { "own": ["Notes"], "reads": ["get_note"] },
    "web": { "own": "notes", "use": [] }
  }
}`);
  expect(error.problems).toEqual([
    "has a key owner that means nothing (known: rolePrefix, ownerRole, services, $schema)",
    'rolePrefix must be a lower-case name or "", but is "Acme"',
    "services.Web is no service's name: lower-case letters, digits, _ and -, a letter first",
    `services.Web.own holds "Notes", which is not a schema's name`,
    'services.Web.reads holds "get_note", which is not schema.procedure, with * for any characters',
    "services.web has a key use that means nothing (known: own, uses, reads)",
    'services.web.own must be a list of at most 1000 names, but is "notes"',
  ]);
  expect(error.positions.map((position) => position.line)).toEqual([3, 2, 5, 5, 5, 6, 6]);
  expect(error.kind).toBe("usage");
});

test("what is not JSON is told with line and column", () => {
  const error = refusal('{\n  "services": {,}\n}');
  expect(error.message).toContain("it is not JSON");
  expect(error.positions).toEqual([{ file: "/app/access.json", line: 2, column: 16, text: '  "services": {,}' }]);
});

test("a role's name longer than Postgres keeps is refused, and so is a service that would be the owner", () => {
  expect(refusal(JSON.stringify({ rolePrefix: "p".repeat(60), services: { gallery: {} } })).message).toContain(
    "longer than the 63 bytes of a Postgres name",
  );
  expect(refusal('{ "ownerRole": "app", "services": { "app": {} } }').message).toContain(
    "services.app would log in as the owner role app",
  );
});

test("the file is found beside the package.json above the migrations", async () => {
  const made = await TypesPackage.create({
    "access.json": '{ "services": { "web": {} } }',
    "db/migrations/namespaces.txt": "",
  });
  opened.push(made);
  expect((await readAccess(made.migrations))?.services).toEqual({ web: { own: [], uses: [], reads: [] } });
  expect((await readAccess(`${made.directory}/db/migrations`))?.services).toEqual({
    web: { own: [], uses: [], reads: [] },
  });
});

test("no file is no access.json", async () => {
  const made = await TypesPackage.create({});
  opened.push(made);
  expect(await readAccess(made.migrations)).toBeUndefined();
});

test("a package that no namespaces.txt imports is refused", () => {
  const access = parseAccess("/app/access.json", '{ "services": { "web": { "uses": ["@plinth/quue"] } } }');
  expect(() => checkAccess(access, graphOf("@plinth/db-core", "@plinth/queue"))).toThrow(
    "services.web.uses names @plinth/quue, which no namespaces.txt imports (known: @plinth/db-core, @plinth/queue)",
  );
});
