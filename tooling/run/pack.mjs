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

/** Installs one package from its tarball, with the workspace's others only where it depends on them, and imports each of its doors. */
async function installAlone(manifest) {
  const consumer = mkdtempSync(join(folder, "consumer-"));
  const files = Object.fromEntries(packages.map((each) => [each.manifest.name, `file:${each.tarball}`]));
  const project = {
    private: true,
    type: "module",
    dependencies: { [manifest.name]: files[manifest.name] },
    overrides: { ...files },
  };
  delete project.overrides[manifest.name];
  writeFileSync(join(consumer, "package.json"), JSON.stringify(project));
  const doors = Object.keys(manifest.exports).filter((door) => door !== "./package.json" && door !== "./testing");
  const script = doors.map((door) => `await import(${JSON.stringify(manifest.name + door.slice(1))});`).join("\n");
  writeFileSync(join(consumer, "open.mjs"), script);
  const npm = ["--prefix", consumer, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"];
  if ((await run("npm", npm, quiet)) !== 0) return 1;
  const ours = readdirSync(join(consumer, "node_modules", "@plinth")).map((name) => `@plinth/${name}`);
  const wanted = new Set([
    manifest.name,
    ...Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith("@plinth/")),
  ]);
  for (const name of [...wanted]) {
    const found = packages.find((each) => each.manifest.name === name);
    for (const dependency of Object.keys(found?.manifest.dependencies ?? {})) {
      if (dependency.startsWith("@plinth/")) wanted.add(dependency);
    }
  }
  const extra = ours.filter((name) => !wanted.has(name));
  if (extra.length > 0) {
    console.error(`${manifest.name} brings ${extra.join(", ")}, which it does not depend on`);
    return 1;
  }
  return await run(process.execPath, [join(consumer, "open.mjs")], quiet);
}
