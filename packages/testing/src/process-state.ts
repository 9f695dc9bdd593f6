import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The name of the program that a process runs; `undefined` where there is no such process, or only a dead one that waits to be reaped. */
export function programOf(pid: number): string | undefined {
  if (!isThere(pid)) return undefined;
  try {
    const [, program, state] =
      process.platform === "linux"
        ? /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))!
        : swap(
            /^(\S)\S*\s+(.*)/.exec(
              execFileSync("ps", ["-o", "stat=,comm=", "-p", String(pid)], { encoding: "utf8" }).trim(),
            )!,
          );
    return state === "Z" || state === "X" ? undefined : program;
  } catch {
    // It ended between the two looks.
    return undefined;
  }
}

function swap([whole, state, program]: RegExpExecArray): (string | undefined)[] {
  return [whole, program, state];
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
