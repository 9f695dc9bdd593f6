import { fileURLToPath } from "node:url";

/**
 * The file of a program of this package that is run as a process of its own. Node 20 can't run TypeScript, so this
 * package's own tests, which run the sources, use the built programs too.
 */
export function programFile(name: "keeper" | "shared-server"): string {
  const folder = import.meta.url.endsWith(".ts") ? "../dist/" : "./";
  return fileURLToPath(new URL(`${folder}${name}.js`, import.meta.url));
}
