import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Access, ServiceAccess } from "./access.ts";
import { AccessFileError, RolesMissingError } from "./access-error.ts";
import { apply } from "./apply.ts";
import { PrivilegeError } from "./connection-errors.ts";
import { Project, rejection } from "./fixtures/project.ts";
import { plan } from "./plan-command.ts";
import { status } from "./status.ts";
import { verify } from "./verify.ts";

// What a first deployment lacks is said before anything is written, all of it, and what stands after a refusal is what the error says.
let project: Project;
const nothing: ServiceAccess = { own: [], uses: [], reads: [] };
const strangers: Access = {
  rolePrefix: "no_such_",
  ownerRole: "no_such_owner",
  services: { api: nothing, web: nothing },
};

beforeEach(async () => {
  project = await Project.create(["owner", "deploy", "web"]);
  project.write("app", { "001-a.sql": "create schema a; create table a.t (id int)" });
});
afterEach(() => project.drop());

const run = (access: Access | null, url = project.url) => apply(url, project.migrations(), { access });
const webAccess = (web: Partial<ServiceAccess> = {}): Access => ({
  rolePrefix: project.test.roles.web!.slice(0, -"web".length),
  ownerRole: undefined,
  services: { web: { ...nothing, ...web } },
});
const tables = () => project.column("select relname::text from pg_class where relnamespace = to_regnamespace('a')");

test("every role and right that a first deployment lacks is listed at once, and nothing is written", async () => {
  const error = await rejection(run(strangers, project.test.urlFor("deploy")), PrivilegeError);

  expect(error.statements).toEqual([
    'create role "no_such_owner" nologin;',
    'create role "no_such_api" login;',
    'create role "no_such_web" login;',
    `grant "no_such_owner" to "${project.test.roles.deploy}";`,
    `grant create on database "${project.test.name}" to "no_such_owner";`,
  ]);
  for (const statement of error.statements) expect(error.hint).toContain(`\n  ${statement}`);
  expect(await project.column("select to_regnamespace('plinth_migrate')")).toEqual([null]);
});

test("a missing service role stops a run before its first file, also where there is a ledger", async () => {
  await run(null);
  project.write("app", { "002-b.sql": "create table a.b (id int)" });
  const error = await rejection(run({ ...strangers, ownerRole: undefined }), PrivilegeError);

  expect(error.statements).toEqual(['create role "no_such_api" login;', 'create role "no_such_web" login;']);
  expect(await tables()).toEqual(["t"]);
});

test("an older checkout whose services are gone changes nothing and succeeds", async () => {
  project.write("app", { "002-b.sql": "create table a.b (id int)" });
  await run(null);
  project.remove("app", "002-b.sql");
  expect((await run({ ...strangers, ownerRole: undefined })).applied).toEqual([]);
});

test("plan and status of a database that was never migrated say what apply will refuse", async () => {
  const url = project.test.urlFor("deploy");
  const found = await plan(url, project.migrations(), { access: strangers });

  expect(found.pending).toHaveLength(1);
  expect(found.warnings.join()).toContain('create role "no_such_owner" nologin;');
  expect((await status(url, project.migrations(), { access: strangers })).warnings).toEqual(found.warnings);
});

test.each([
  ["plan", plan],
  ["status", status],
  ["verify", verify],
])("%s says what is missing to look at what the owner has, as apply does", async (_name, look) => {
  await run(null);
  const access = { ...strangers, ownerRole: project.test.roles.owner! };
  const error = await rejection(look(project.test.urlFor("deploy"), project.migrations(), { access }), PrivilegeError);
  expect(error.statements).toContain(`grant "${project.test.roles.owner}" to "${project.test.roles.deploy}";`);
  expect(error.statements).toContain('create role "no_such_web" login;');
});

test("verify before the owner role is there is no defect", async () => {
  const error = await rejection(verify(project.url, project.migrations(), { access: strangers }), PrivilegeError);
  expect(error.statements).toContain('create role "no_such_owner" nologin;');
});

test("verify of a migrated database names missing service roles among its problems", async () => {
  await run(null);
  const { problems } = await verify(project.url, project.migrations(), {
    access: { ...strangers, ownerRole: undefined },
  });
  expect(problems.map((problem) => problem.constructor)).toEqual([RolesMissingError]);
});

test.each([
  [{ own: ["b"] }, "own names the schema b, which the database does not have"],
  [{ reads: ["a.fetch_*"] }, "reads has a.fetch_*, which no read procedure matches"],
])("a batch after which access.json still names what is not there is rolled back: %j", async (given, message) => {
  const error = await rejection(run(webAccess(given)), AccessFileError);

  expect(error.message).toContain(message);
  expect(error.kind).toBe("contract");
  expect(await tables()).toEqual([]);
});

test("what access.json names may come with the last namespace, and only there it is missed", async () => {
  project.write("web", { "001-b.sql": "create schema b" });
  expect((await run(webAccess({ own: ["b"] }))).applied).toHaveLength(2);
});

test("a package that is not in the graph is refused before anything is run or connected to", async () => {
  const error = await rejection(
    run(webAccess({ uses: ["@acme/none"] }), "postgres://nowhere.invalid/x"),
    AccessFileError,
  );
  expect(error.kind).toBe("usage");
  await rejection(
    plan(project.url, project.migrations(), { access: webAccess({ uses: ["@acme/none"] }) }),
    AccessFileError,
  );
});

test("an error about access.json points to the entry", async () => {
  const file = join(project.directory, "access.json");
  writeFileSync(file, '{\n  "services": {\n    "web": {\n      "own": [\n        "b"\n      ]\n    }\n  }\n}');
  const error = await rejection(run({ ...webAccess({ own: ["b"] }), file }), AccessFileError);
  expect(error.positions).toEqual([{ file, line: 5, text: '        "b"' }]);
});

test("plan and status say when all is applied and the grants are not as access.json says", async () => {
  await run(webAccess());
  expect((await plan(project.url, project.migrations(), { access: webAccess() })).warnings).toEqual([]);
  await project.rows(`grant select on a.t to ${project.test.roles.web}`);
  const { warnings } = await plan(project.url, project.migrations(), { access: webAccess() });

  expect(warnings).toEqual([
    "what is granted is not what access.json says, in 1 place: apply puts it right, and verify lists it",
  ]);
  expect((await status(project.url, project.migrations(), { access: webAccess() })).warnings).toEqual(warnings);
});
