import { spawn } from "node:child_process";

/** Runs a whole process; how long it took in milliseconds, from before it starts until it has ended. */
export async function processMs(command, args, env = {}) {
  const begin = performance.now();
  await output(command, args, env);
  return performance.now() - begin;
}

/** What a process wrote; rejects with what it complained of. */
export function output(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    let complaint = "";
    child.stdout.on("data", (data) => (text += data));
    child.stderr.on("data", (data) => (complaint += data));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command} ended with ${code}: ${complaint}`)),
    );
  });
}

/** The middle of several measurements: one slow round of a busy machine does not count. */
export function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Runs every contestant once a round, in turn, so that a slow minute hits all of them. */
export async function rounds(count, contestants) {
  const all = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < count; round++)
    for (const [name, run] of Object.entries(contestants)) all[name].push(await run());
  return Object.fromEntries(Object.entries(all).map(([name, values]) => [name, median(values)]));
}
