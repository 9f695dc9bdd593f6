// Brings node_modules to what pnpm-lock.yaml says, with nothing but node and npm on the machine.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

const PNPM = "pnpm@12.21.0";
const NODE_MIN = [20, 19];
const stamp = join(root, "node_modules", ".plinth-install");

/** What an install depends on: when none of it changed, the installed tree is still right and the install is skipped. */
function fingerprint() {
  const hash = createHash("sha256").update(process.version).update(root);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Refuses an old Node in one plain sentence, before anything else can fail in a way that hides the reason. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  console.error(`Plinth needs Node ${NODE_MIN.join(".")} or newer; this is ${process.version}.`);
  process.exit(2);
}

/** Runs a program from the workspace's root and resolves to its exit code. */
export function run(command, args, { env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit" });
    const output = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => output.push(chunk));
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (quiet && code !== 0) process.stderr.write(Buffer.concat(output));
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

export function pnpm(args, options = {}) {
  const env = { ...process.env, ...options.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" };
  return run("npx", ["--yes", PNPM, ...args], { ...options, env });
}

/** Installs the workspace's dependencies if the lockfile asks for others than are there. Exits the process on failure. */
export async function install() {
  requireNode();
  const wanted = fingerprint();
  let found = "";
  try {
    found = readFileSync(stamp, "utf8");
  } catch {
    // No stamp: a fresh clone.
  }
  if (found === wanted) return;
  console.log("Installing dependencies from npm (once; about half a minute) ...");
  const code = await pnpm(["install", "--frozen-lockfile"], { quiet: true });
  if (code !== 0) {
    console.error("The dependencies could not be installed: see pnpm's words above.");
    process.exit(code);
  }
  writeFileSync(stamp, wanted);
}
