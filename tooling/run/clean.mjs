// `npm run clean`: removes what the commands made here: builds, caches, and the first run's database.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./install.mjs";

for (const made of [".plinth", ".turbo", "node_modules/.cache"])
  await rm(join(root, made), { recursive: true, force: true });
console.log("Removed the example's database and the caches.");
