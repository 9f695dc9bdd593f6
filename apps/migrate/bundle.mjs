// Makes the command one file. Node takes longer to find and open a hundred small modules than `apply` takes to see that nothing is pending.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [at("src/main.ts")],
  outfile: at("dist/bundle/main.js"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  // What is not ours stays a dependency, so that an application's own update of it counts.
  external: ["pg", "libpg-query"],
  logLevel: "warning",
});

// What the migrator reads beside its own code, where it looks for it: the ledger's SQL and the version.
const migrate = new URL("../", import.meta.resolve("@plinth/migrate"));
cpSync(fileURLToPath(new URL("migrations/", migrate)), at("dist/migrations"), { recursive: true });
const { version } = JSON.parse(readFileSync(at("package.json"), "utf8"));
mkdirSync(at("dist"), { recursive: true });
writeFileSync(at("dist/package.json"), `${JSON.stringify({ type: "module", version })}\n`);
