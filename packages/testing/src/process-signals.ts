import { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { OptionError, TimeoutError } from "./errors.ts";
import { programOf } from "./process-state.ts";

/** Something with a process: a server, a worker, a child process, or the number of one. */
export type Signalled =
  | number
  | { readonly pid?: number | undefined; readonly exited?: Promise<unknown> | undefined }
  | ChildProcess;

const POLL_MS = 2;
const KILL_MS_MAX = 10_000;

/**
 * Kills a process as a crash would, with no chance to clean up, and resolves when it is gone. Does nothing when it is gone already.
 *
 * @throws {TimeoutError} It is still there after 10 seconds.
 */
export async function killHard(target: Signalled): Promise<void> {
  const pid = pidOf(target);
  if (pid === undefined) return;
  const exited = exitOf(target);
  send(pid, "SIGKILL");
  const deadline = Date.now() + KILL_MS_MAX;
  while (programOf(pid) !== undefined) {
    if (Date.now() > deadline) throw new TimeoutError(`Process ${pid} did not end`, KILL_MS_MAX);
    await sleep(POLL_MS);
  }
  await exited;
}

/** Stops a process where it stands, as a long pause of the machine would, until {@link resume}. Its connections stay open. */
export function pause(target: Signalled): void {
  send(pidOrThrow(target), "SIGSTOP");
}

/** Lets a process go on that {@link pause} stopped. */
export function resume(target: Signalled): void {
  send(pidOrThrow(target), "SIGCONT");
}

function pidOf(target: Signalled): number | undefined {
  const pid = typeof target === "number" ? target : target.pid;
  // 0 and negative numbers mean whole groups of processes to kill(2), 1 the machine's first.
  if (pid !== undefined && !(Number.isInteger(pid) && pid > 1))
    throw new OptionError("pid", "the number of a process above 1", pid);
  return pid;
}

function pidOrThrow(target: Signalled): number {
  const pid = pidOf(target);
  if (pid === undefined) throw new OptionError("target", "a process that runs", pid);
  return pid;
}

function exitOf(target: Signalled): Promise<unknown> | undefined {
  if (typeof target === "number") return undefined;
  if (!(target instanceof ChildProcess)) return (target as { exited?: Promise<unknown> }).exited;
  return target.exitCode === null && target.signalCode === null ? once(target, "exit") : undefined;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
