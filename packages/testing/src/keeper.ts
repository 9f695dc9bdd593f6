// A program: the parent of one server or worker, which it ends as soon as the process that asked for it is gone, however
// that one ended. It learns of it by the end of the channel between them, which the kernel closes with the owner's death.
import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import type { Farewell, FromKeeper, KeptProgram, ToKeeper } from "./keeper-protocol.ts";

const CLOSE_MS_MAX = 1_000;

let farewell: Farewell = [];
let remove: string | undefined;
let child: ChildProcess | undefined;
let ending = false;

// A Ctrl-C or a closed terminal ends the owner, if it likes, and so the keeper: never the keeper first.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});

process.on("disconnect", () => void end());
process.on("message", (message: ToKeeper) => {
  if (message.kind === "charge") {
    ({ farewell, remove } = message);
    tell({ kind: "charged" });
  } else if (message.kind === "run") run(message.program);
  else if (message.kind === "signal") child?.kill(message.signal);
  else if (message.kind === "message") relay(message.value);
  else void end();
});

function run({ file, args, cwd, env, account, messages }: KeptProgram): void {
  if (ending) return;
  const started = spawn(file, args, {
    cwd,
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe", ...(messages ? (["ipc"] as const) : [])],
    serialization: "advanced",
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  child = started;
  started.once("spawn", () => tell({ kind: "started", pid: started.pid! }));
  started.on("error", (error) => {
    if (started.pid === undefined) tell({ kind: "failed", reason: error.message });
  });
  for (const stream of ["stdout", "stderr"] as const) {
    started[stream]?.setEncoding("utf8").on("data", (text: string) => tell({ kind: "output", stream, text }));
  }
  started.on("message", (value) => tell({ kind: "message", value }));
  started.once("exit", (exitCode, signal) => {
    if (child === started) child = undefined;
    // What the program wrote last is told before its end; a child of its own that still holds its streams is not waited for long.
    const patience = setTimeout(told, CLOSE_MS_MAX);
    started.once("close", told);
    function told(): void {
      clearTimeout(patience);
      started.off("close", told);
      tell({ kind: "exit", exitCode, signal });
    }
  });
}

/** What the program's end makes undeliverable is lost, as in any channel: its end is told anyway. */
function relay(value: unknown): void {
  if (child?.connected) child.send(value as object, () => {});
}

function tell(message: FromKeeper): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await bidFarewell();
  if (remove !== undefined) await rm(remove, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  process.exit(0);
}

async function bidFarewell(): Promise<void> {
  const leaving = child;
  if (leaving === undefined) return;
  const left = new Promise<void>((resolve) => leaving.once("exit", () => resolve()));
  if (leaving.exitCode !== null || leaving.signalCode !== null) return;
  for (const { signal, waitMs } of [...farewell, { signal: "SIGKILL" as const, waitMs: 5_000 }]) {
    leaving.kill(signal);
    // A stopped process takes no signal but this one and SIGKILL.
    leaving.kill("SIGCONT");
    const inTime = await Promise.race([left.then(() => true), new Promise((resolve) => setTimeout(resolve, waitMs))]);
    if (inTime === true) return;
  }
}
