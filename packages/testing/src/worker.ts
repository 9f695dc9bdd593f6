import { fileURLToPath } from "node:url";
import { checkInteger } from "./check-option.ts";
import { OptionError, TimeoutError, WorkerExitError } from "./errors.ts";
import { type Exit, Keeper, type KeptProcess } from "./kept-process.ts";

export interface WorkerOptions {
  readonly args?: readonly string[];
  /** Added to this process's environment, less its NODE_OPTIONS. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node itself, before the file. */
  readonly execArgv?: readonly string[];
  /** @defaultValue this process's */
  readonly cwd?: string;
}

export interface WaitOptions {
  /** How long to wait, 1 to 3,600,000. @defaultValue 30,000 */
  readonly waitMs?: number;
}

const WAIT_MS = 30_000;
const SHOWN_CHARACTERS_MAX = 4_000;

/**
 * Runs a file in a Node process of its own, which is killed when this one ends, SIGKILL included. The file is JavaScript
 * (`.mjs`, or `.js` in a package of type "module"): Node 20 runs no TypeScript.
 *
 * The file talks with `process.send(value)` and `process.on("message", ...)`, in values that structured cloning takes:
 * dates, bigints and buffers arrive as they are.
 *
 * @throws {OptionError} The file's URL is no `file:` URL.
 * @throws {ServerStartError} The process could not be started.
 */
export async function spawnWorker(file: URL | string, options: WorkerOptions = {}): Promise<Worker> {
  const url = URL.canParse(String(file)) ? new URL(file) : undefined;
  if (url?.protocol !== "file:")
    throw new OptionError("file", 'a file: URL, as of new URL("./worker.mjs", import.meta.url)', String(file));
  const worker = { receive: (_value: unknown): void => {} };
  const keeper = await Keeper.start({ farewell: [], onMessage: (value) => worker.receive(value) });
  try {
    const env: Record<string, string | undefined> = { ...process.env, NODE_OPTIONS: undefined, ...options.env };
    const running = await keeper.run({
      file: process.execPath,
      args: [...(options.execArgv ?? []), fileURLToPath(url), ...(options.args ?? [])],
      cwd: options.cwd ?? process.cwd(),
      env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
      messages: true,
    });
    return new Worker(keeper, running, fileURLToPath(url), (receive) => {
      worker.receive = receive;
    });
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

interface Waiter {
  readonly wanted: (value: unknown) => boolean;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A second process of a test. Made by {@link spawnWorker}. */
export class Worker {
  readonly pid: number;
  /** How it ended, whenever it does. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly #keeper: Keeper;
  readonly #process: KeptProcess;
  readonly #file: string;
  readonly #unread: unknown[] = [];
  readonly #waiters = new Set<Waiter>();

  /** @internal */
  constructor(
    keeper: Keeper,
    running: KeptProcess,
    file: string,
    connect: (receive: (value: unknown) => void) => void,
  ) {
    this.#keeper = keeper;
    this.#process = running;
    this.#file = file;
    this.pid = running.pid;
    this.exited = this.#watch();
    connect((value) => this.#receive(value));
  }

  get stdout(): string {
    return this.#process.output("stdout");
  }

  get stderr(): string {
    return this.#process.output("stderr");
  }

  /** Sends it a value. One that it has ended before reading is lost: {@link exited} tells. */
  send(value: unknown): void {
    this.#keeper.message(value);
  }

  /**
   * The next value from it that nobody has read.
   *
   * @throws {WorkerExitError} It ended first. Holds what it wrote last.
   * @throws {TimeoutError} Nothing came in time.
   */
  async next<T = unknown>(options: WaitOptions = {}): Promise<T> {
    return (await this.#wait("a message", () => true, options)) as T;
  }

  /**
   * The next unread value that is `type` itself or has it as its `type`. Others before it stay unread.
   *
   * @throws {WorkerExitError} It ended first. Holds what it wrote last.
   * @throws {TimeoutError} Nothing of the kind came in time.
   */
  async message<T = unknown>(type: string, options: WaitOptions = {}): Promise<T> {
    const wanted = (value: unknown): boolean => value === type || (value as { type?: unknown } | null)?.type === type;
    return (await this.#wait(`the message "${type}"`, wanted, options)) as T;
  }

  /** Kills it if it still runs, and resolves when it is gone. May be called again. */
  async close(): Promise<Exit> {
    await this.#keeper.end();
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #watch(): Promise<Exit> {
    const exit = await this.#process.exited;
    for (const waiter of this.#waiters) waiter.reject(this.#exitError(exit));
    this.#waiters.clear();
    // Its keeper has nothing left to keep.
    void this.#keeper.end();
    return exit;
  }

  #receive(value: unknown): void {
    const waiter = [...this.#waiters].find(({ wanted }) => wanted(value));
    if (waiter === undefined) {
      this.#unread.push(value);
      return;
    }
    this.#waiters.delete(waiter);
    waiter.resolve(value);
  }

  async #wait(what: string, wanted: Waiter["wanted"], { waitMs = WAIT_MS }: WaitOptions): Promise<unknown> {
    checkInteger("waitMs", waitMs, 1, 3_600_000);
    const index = this.#unread.findIndex(wanted);
    if (index !== -1) return this.#unread.splice(index, 1)[0];
    const exit = this.#process.exit();
    if (exit !== undefined) throw this.#exitError(exit);
    let timer: NodeJS.Timeout | undefined;
    const waiting = new Promise((resolve, reject) => {
      const waiter = { wanted, resolve, reject };
      this.#waiters.add(waiter);
      timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new TimeoutError(`${this.#file} (process ${this.pid}) did not send ${what}`, waitMs));
      }, waitMs);
    });
    return this.#keeper.hold(waiting).finally(() => clearTimeout(timer));
  }

  #exitError({ exitCode, signal }: Exit): WorkerExitError {
    const output = this.#process.output().slice(-SHOWN_CHARACTERS_MAX).trimEnd();
    const message = `${this.#file} (process ${this.pid}) ended with ${exitCode ?? signal}. ${output === "" ? "It wrote nothing." : `It wrote:\n${output}`}`;
    return new WorkerExitError(message, exitCode, signal);
  }
}
