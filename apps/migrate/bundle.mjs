// Makes the command one file. Node takes longer to find and open a hundred small modules than `apply` takes to see that nothing is pending.
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const { metafile } = await build({
  entryPoints: [at("src/main.ts")],
  outfile: at("dist/bundle/main.js"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  // The grammar is loaded from beside its own code, and only by what reads SQL; the other two are pg's, for who has them.
  external: ["libpg-query", "pg-native", "pg-cloudflare"],
  // pg is CommonJS, and asks for Node's own modules.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
  metafile: true,
  logLevel: "warning",
});
appendFileSync(at("dist/bundle/main.js"), noticesOf(Object.keys(metafile.inputs)));

// What the migrator reads beside its own code, where it looks for it: the ledger's SQL and the version.
const migrate = new URL("../", import.meta.resolve("@plinth/migrate"));
cpSync(fileURLToPath(new URL("migrations/", migrate)), at("dist/migrations"), { recursive: true });
const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));
mkdirSync(at("dist"), { recursive: true });
writeFileSync(at("dist/package.json"), `${JSON.stringify({ type: "module", version })}\n`);

/** The licence of each package whose code is in the bundle, as a comment: they ask to be kept with it. */
function noticesOf(inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const [, directory, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(input) ?? [];
    if (directory !== undefined) packages.set(name, resolve(at("."), directory));
  }
  return [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, directory]) => `/*\n${name}\n\n${licenceIn(directory).replaceAll("*/", "* /")}\n*/\n`)
    .join("");
}

function licenceIn(directory) {
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
  if (file !== undefined) return readFileSync(join(directory, file), "utf8").trim();
  const { license, author } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  if (license === undefined) throw new Error(`${directory} says nothing of its licence`);
  return `${license}, ${typeof author === "object" ? author.name : (author ?? "by its authors")}`;
}
