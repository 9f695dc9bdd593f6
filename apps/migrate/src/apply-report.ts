import type { Blocker, MigrateEvent, MigrationFile } from "@plinth/migrate";
import { counted } from "./counted.ts";
import { displayWidth } from "./display-width.ts";
import { showDuration } from "./duration.ts";
import type { Output, Style } from "./output.ts";
import { planLines } from "./plan-lines.ts";

/** How often a line says that a long statement is still running: written over on a terminal, a line of its own in a log. */
const STILL_LIVE_MS = 1_000;
const STILL_LOGGED_MS = 10_000;

/** A wait for the lock that nobody notices is not worth a line. */
const LOCK_WAIT_SHOWN_MS = 100;

type EventOf<Type extends MigrateEvent["type"]> = Extract<MigrateEvent, { readonly type: Type }>;

interface RunningFile {
  readonly label: string;
  readonly startedAt: number;
  /** What it is at, where it says so. */
  at: string;
}

/** Tells people what `apply` does, while it does it. */
export class ApplyReport {
  readonly #output: Output;
  #labelWidth = 0;
  #running: RunningFile | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Hears one event. Does not throw. */
  hear(event: MigrateEvent): void {
    (this.#tell[event.type] as (event: MigrateEvent) => void)(event);
  }

  /** Says at which file the run failed, if it was at one, and stops telling. */
  fail(): void {
    if (this.#running !== undefined)
      this.#output.log(`${this.#dotted(this.#running.label)} ${this.#output.style("red", "FAILED")}`);
    this.close();
  }

  /** Stops telling. */
  close(): void {
    clearInterval(this.#timer);
    this.#running = undefined;
  }

  readonly #tell: { readonly [Type in MigrateEvent["type"]]: (event: EventOf<Type>) => void } = {
    waiting: ({ waitedMs, holder }) =>
      this.#word("lock", `waiting, ${showDuration(waitedMs)} so far, for ${showBlocker(holder)}`),
    locked: ({ waitedMs }) => {
      if (waitedMs >= LOCK_WAIT_SHOWN_MS) this.#word("lock", `acquired after ${showDuration(waitedMs)}`);
    },
    planned: ({ files }) => {
      this.#labelWidth = Math.max(0, ...files.map(({ file }, at) => displayWidth(labelOf(file, at + 1, files.length))));
      for (const line of planLines(files)) this.#output.log(line);
    },
    warning: ({ message }) => this.#output.warn(message),
    started: (event) => this.#start(event),
    statement: ({ statement, statements, line }) => {
      if (this.#running === undefined) return;
      this.#running.at = `, statement ${statement} of ${statements} in line ${line}`;
      this.#output.live(`${this.#running.label} …${this.#running.at}`);
    },
    ran: ({ file, index, count, durationMs }) => {
      this.close();
      this.#output.log(`${this.#dotted(labelOf(file, index, count))} ${showDuration(durationMs)}`);
    },
    committed: ({ namespace, files }) =>
      this.#word("commit", `${namespace}, ${counted(files.length, "file")} applied`, "green"),
    // Said at the end, or with the retry: on the way to a retry it is not yet the outcome.
    "rolled back": () => clearInterval(this.#timer),
    blocked: ({ by }) =>
      this.#word("wait", `${this.#running?.label ?? "the run"} waits for ${by.map(showBlocker).join("; ")}`),
    retrying: (event) => this.#retry(event),
    granted: ({ changes }) => {
      const granted = changes.filter((change) => (change as { action?: unknown }).action === "grant").length;
      this.#word("grants", `${granted} granted, ${changes.length - granted} revoked`);
    },
  };

  #dotted(label: string): string {
    const dots = ".".repeat(Math.max(3, this.#labelWidth - displayWidth(label) + 3));
    return `${label} ${this.#output.style("dim", dots)}`;
  }

  #start({ file, index, count }: EventOf<"started">): void {
    this.close();
    this.#running = { label: labelOf(file, index, count), startedAt: performance.now(), at: "" };
    this.#output.live(`${this.#running.label} …`);
    this.#timer = setInterval(() => this.#still(), this.#output.isLive ? STILL_LIVE_MS : STILL_LOGGED_MS);
    this.#timer.unref();
  }

  #still(): void {
    if (this.#running === undefined) return;
    const { label, startedAt, at } = this.#running;
    const text = `${label} … running for ${showDuration(performance.now() - startedAt)}${at}`;
    if (this.#output.isLive) this.#output.live(text);
    else this.#output.log(text);
  }

  #retry({ file, attempt, attemptsMax, sqlstate, by, delayMs }: EventOf<"retrying">): void {
    this.close();
    const what = file === undefined ? "all" : `${file.namespace} ${file.fileName}`;
    const why = WHY_RETRIED[sqlstate] ?? sqlstate;
    const blockers = by.length === 0 ? "" : `, blocked by ${by.map(showBlocker).join("; ")}`;
    const next = `retry ${attempt} of ${attemptsMax} in ${showDuration(delayMs)}`;
    this.#word("retry", `${what}: ${why}${blockers}; rolled back, ${next}`, "yellow");
  }

  #word(word: string, text: string, style: Style = "dim"): void {
    this.#output.log(`${this.#output.style(style, word.padEnd(6))} ${text}`);
  }
}

const WHY_RETRIED: Readonly<Record<string, string>> = {
  "40P01": "a deadlock",
  "55P03": "a lock was not to be had in time",
};

function labelOf(file: MigrationFile, index: number, count: number): string {
  return `[${String(index).padStart(String(count).length)}/${count}] ${file.namespace} ${file.fileName}`;
}

/** `pid 311 web-api on 10.0.0.7, idle in transaction for 95 s, "select 1"`. */
function showBlocker(blocker: Blocker | undefined): string {
  if (blocker === undefined) return "another migrator that is not to be seen";
  const { pid, applicationName, clientHost, state, ageMs, query, hidden } = blocker;
  const name = applicationName === "" ? "" : ` ${applicationName}`;
  const host = clientHost === undefined ? "" : ` on ${clientHost}`;
  const doing = state === undefined ? "" : `, ${state}${ageMs === undefined ? "" : ` for ${showDuration(ageMs)}`}`;
  const saying = query === undefined || query === "" ? "" : `, ${JSON.stringify(query.replaceAll(/\s+/g, " "))}`;
  const unseen = hidden ? ", what it does is hidden from this role: grant pg_read_all_stats to it" : "";
  return `pid ${pid}${name}${host}${doing}${saying}${unseen}`;
}
