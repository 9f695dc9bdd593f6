import { styleText } from "node:util";
import { printable } from "./printable.ts";
import { hideSecrets } from "./secrets.ts";

/** A stream of the process, as far as it is used here. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/**
 * Where words go. Results go to stdout and complaints to stderr; with `--json` stdout holds one document, and what is going on is told on stderr. A
 * live line, which is written over, exists on a terminal only: never in CI, in a pipe or a file.
 */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether {@link live} shows anything. */
  readonly isLive: boolean;
  readonly #words: OutputStream;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #color: boolean;
  #liveShown = false;

  constructor(stdout: OutputStream, stderr: OutputStream, { json, quiet, noColor, env }: OutputOptions) {
    this.json = json;
    this.quiet = quiet;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#words = json ? stderr : stdout;
    const terminal = this.#words.isTTY === true && env.TERM !== "dumb";
    this.isLive = terminal && !quiet && isUnset(env.CI);
    const forced = !isUnset(env.FORCE_COLOR) && env.FORCE_COLOR !== "0";
    this.#color = !noColor && isUnset(env.NO_COLOR) && env.FORCE_COLOR !== "0" && (terminal || forced);
  }

  /** A line of the result, for people; with `--json` the document says it. */
  line(text: string): void {
    if (!this.json) this.log(text);
  }

  /** A line about what is going on. */
  log(text: string): void {
    if (this.quiet) return;
    this.#clearLive();
    this.#words.write(`${clean(text)}\n`);
  }

  /** Something odd that did not stop the command. */
  warn(text: string): void {
    if (this.quiet) return;
    this.#clearLive();
    this.#stderr.write(`${this.style("yellow", "warning")} ${clean(text)}\n`);
  }

  /** Shown always. */
  error(text: string): void {
    this.#clearLive();
    this.#stderr.write(`${clean(text)}\n`);
  }

  /** Replaces the live line, cut to the terminal's width. */
  live(text: string): void {
    if (!this.isLive) return;
    const width = (this.#words.columns || 80) - 1;
    this.#words.write(`\r\u001b[K${Array.from(clean(text)).slice(0, width).join("")}`);
    this.#liveShown = true;
  }

  /** The one document of `--json`. 64-bit numbers are written as decimal strings. */
  document(value: object): void {
    if (!this.json) return;
    this.#stdout.write(`${JSON.stringify(value, jsonValue, 2)}\n`);
  }

  style(style: Style, text: string): string {
    return this.#color ? styleText(style, text, { validateStream: false }) : text;
  }

  /** Removes the live line, if one is shown. */
  #clearLive(): void {
    if (!this.#liveShown) return;
    this.#words.write("\r\u001b[K");
    this.#liveShown = false;
  }
}

function clean(text: string): string {
  return printable(hideSecrets(text));
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return typeof value === "string" ? hideSecrets(value) : value;
}

function isUnset(value: string | undefined): boolean {
  return value === undefined || value === "";
}
