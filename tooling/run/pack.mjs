// Packs every published package and looks at the tarball as its users get it: publint, attw, and an installation of each alone.
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pnpm, root, run } from "./install.mjs";

const folder = mkdtempSync(join(tmpdir(), "plinth-pack-"));
let failed = 0;
let passed = 0;

const packages = ["packages", "apps"]
  .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name)))
  .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map((each) => ({
    ...each,
    tarball: join(folder, `${each.manifest.name.slice(1).replace("/", "-")}-${each.manifest.version}.tgz`),
  }));

const quiet = { quiet: true };
await check("build", pnpm(["exec", "turbo", "run", "build"], quiet));
for (const { path, manifest, tarball } of packages) {
  await check(`${manifest.name} packs`, pnpm(["--dir", path, "pack", "--pack-destination", folder], quiet));
  await check(`${manifest.name} is clean to publint`, pnpm(["exec", "publint", "run", "--strict", tarball], quiet));
  await check(`${manifest.name} is clean to attw`, pnpm(["exec", "attw", tarball, "--profile", "esm-only"], quiet));
}
for (const { manifest } of packages) await check(`${manifest.name} installs alone and opens`, installAlone(manifest));
await rm(folder, { recursive: true, force: true });

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function check(what, running) {
  const code = await running;
  if (code === 0) passed++;
  else failed++;
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${what}`);
}

/** Installs one package from its tarball, with the workspace's others only where it depends on them; imports and type-checks its doors. */
async function installAlone(manifest) {
  const consumer = mkdtempSync(join(folder, "consumer-"));
  const doors = Object.keys(manifest.exports ?? {}).filter((door) => door !== "./package.json" && door !== "./testing");
  const names = doors.map((door) => JSON.stringify(manifest.name + door.slice(1)));
  writeProject(consumer, manifest, names);

  const npm = ["--prefix", consumer, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"];
  if ((await run("npm", npm, quiet)) !== 0) return 1;
  const extra = readdirSync(join(consumer, "node_modules", "@plinth"))
    .map((name) => `@plinth/${name}`)
    .filter((name) => !dependenciesOf(manifest.name).has(name));
  if (extra.length > 0) {
    console.error(`${manifest.name} brings ${extra.join(", ")}, which it does not depend on`);
    return 1;
  }
  if ((await pnpm(["exec", "tsc", "-p", consumer], quiet)) !== 0) return 1;
  return await run(process.execPath, [join(consumer, "open.mjs")], quiet);
}

/** A user's project that has nothing but the package. Its published types must hold where they are checked with nothing left out. */
function writeProject(consumer, manifest, names) {
  const files = Object.fromEntries(packages.map((each) => [each.manifest.name, `file:${each.tarball}`]));
  const { [manifest.name]: own, ...overrides } = files;
  const project = {
    private: true,
    type: "module",
    dependencies: { [manifest.name]: own },
    devDependencies: { "@types/node": catalogVersion("@types/node") },
    overrides,
  };
  const compilerOptions = { noEmit: true, strict: true, module: "nodenext", target: "es2023", types: ["node"] };
  const write = (name, text) => writeFileSync(join(consumer, name), text);
  write("package.json", JSON.stringify(project));
  write("open.mjs", names.map((name) => `await import(${name});`).join("\n"));
  write("types.ts", ["export {};", ...names.map((name, n) => `export * as door${n} from ${name};`)].join("\n"));
  write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["types.ts"] }));
}

/** A package of the workspace, and all of the workspace that it depends on. */
function dependenciesOf(name, found = new Set()) {
  found.add(name);
  const manifest = packages.find((each) => each.manifest.name === name)?.manifest;
  for (const dependency of Object.keys(manifest?.dependencies ?? {})) {
    if (dependency.startsWith("@plinth/")) dependenciesOf(dependency, found);
  }
  return found;
}

/** The version that pnpm-workspace.yaml pins for the whole workspace. */
function catalogVersion(name) {
  const text = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  return new RegExp(`"?${name}"?: ([0-9.]+)`).exec(text)?.[1] ?? "*";
}
