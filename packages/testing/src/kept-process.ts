import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { ServerStartError } from "./errors.ts";
import type { Farewell, FromKeeper, KeptProgram, ToKeeper } from "./keeper-protocol.ts";
import { programFile } from "./program-file.ts";

const OUTPUT_CHARACTERS_MAX = 64 * 1024;

export interface Exit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that a keeper runs for this process. */
export interface KeptProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  exit(): Exit | undefined;
  /** The last 64 Ki characters of what it wrote, to either stream or to one. */
  output(stream?: "stdout" | "stderr"): string;
}

interface Running {
  readonly exited: Promise<Exit>;
  readonly resolve: (exit: Exit) => void;
  readonly failed: (error: Error) => void;
  readonly started: Promise<number>;
  readonly startedWith: (pid: number) => void;
  pid: number | undefined;
  exit: Exit | undefined;
  readonly output: { both: string; stdout: string; stderr: string };
}

/**
 * A process that runs programs for this one, one at a time, and ends the running one when this process is gone.
 * It holds this process alive only while something is awaited with {@link Keeper.hold}.
 */
export class Keeper {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #onMessage: (value: unknown) => void;
  #charged!: () => void;
  #running: Running | undefined;
  #holds = 0;

  private constructor(onMessage: (value: unknown) => void) {
    this.#onMessage = onMessage;
    this.#process = spawn(process.execPath, [programFile("keeper")], {
      // Of its own session: a signal from the terminal to this process's group does not reach it.
      detached: true,
      cwd: tmpdir(),
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    this.#process.on("message", (message) => this.#receive(message as FromKeeper));
    this.#process.on("error", () => {});
    this.#ended = new Promise((resolve) => this.#process.once("close", () => resolve(this.#lose())));
    this.#process.unref();
    this.#process.channel?.unref();
  }

  /** Starts a keeper and charges it with what to do at the end: before there is anything that could be left behind. */
  static async start(charge: {
    readonly farewell: Farewell;
    readonly remove?: string;
    readonly onMessage?: (value: unknown) => void;
  }): Promise<Keeper> {
    const keeper = new Keeper(charge.onMessage ?? (() => {}));
    const charged = new Promise<boolean>((resolve) => {
      keeper.#charged = () => resolve(true);
    });
    const { farewell, remove } = charge;
    keeper.#send({ kind: "charge", farewell, ...(remove === undefined ? {} : { remove }) });
    const started = await keeper.hold(Promise.race([charged, keeper.#ended.then(() => false)]));
    if (!started)
      throw new ServerStartError("The process that ends servers when their owner is gone could not be started.", "");
    return keeper;
  }

  /** Runs a program. The one before must have ended. */
  async run(program: KeptProgram): Promise<KeptProcess> {
    if (!this.#process.connected)
      throw new ServerStartError(`It was closed: ${program.file} can't be started again.`, "");
    const running = runningProgram();
    this.#running = running;
    this.#send({ kind: "run", program });
    const pid = await this.hold(running.started);
    return {
      pid,
      exited: running.exited,
      exit: () => running.exit,
      output: (stream) => running.output[stream ?? "both"],
    };
  }

  signal(signal: NodeJS.Signals): void {
    this.#send({ kind: "signal", signal });
  }

  message(value: unknown): void {
    this.#send({ kind: "message", value });
  }

  /** Bids the running program farewell, has the folder removed, and resolves when nothing is left. */
  async end(): Promise<void> {
    this.#send({ kind: "end" });
    await this.hold(this.#ended);
  }

  /** Keeps this process alive until `promise` is settled. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    this.#holds += 1;
    this.#process.ref();
    this.#process.channel?.ref();
    try {
      return await promise;
    } finally {
      this.#holds -= 1;
      if (this.#holds === 0) {
        this.#process.unref();
        this.#process.channel?.unref();
      }
    }
  }

  #send(message: ToKeeper): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #receive(message: FromKeeper): void {
    const running = this.#running;
    if (message.kind === "charged") this.#charged();
    else if (message.kind === "message") this.#onMessage(message.value);
    else if (running === undefined) return;
    else if (message.kind === "output") {
      for (const stream of ["both", message.stream] as const) {
        running.output[stream] = (running.output[stream] + message.text).slice(-OUTPUT_CHARACTERS_MAX);
      }
    } else if (message.kind === "started") {
      running.pid = message.pid;
      running.startedWith(message.pid);
    } else if (message.kind === "failed") running.failed(new ServerStartError(message.reason, ""));
    else {
      running.exit = { exitCode: message.exitCode, signal: message.signal };
      running.resolve(running.exit);
    }
  }

  /** The keeper itself is gone. If it was killed, what it ran is without a guard and must not outlive it. */
  #lose(): void {
    const running = this.#running;
    if (running === undefined || running.exit !== undefined) return;
    try {
      if (running.pid !== undefined) process.kill(running.pid, "SIGKILL");
    } catch {
      // It ended with the keeper.
    }
    running.exit = { exitCode: null, signal: "SIGKILL" };
    running.failed(new ServerStartError("The process that ends servers when their owner is gone was killed.", ""));
    running.resolve(running.exit);
  }
}

function runningProgram(): Running {
  let resolve!: (exit: Exit) => void;
  let startedWith!: (pid: number) => void;
  let failed!: (error: Error) => void;
  const exited = new Promise<Exit>((done) => {
    resolve = done;
  });
  const started = new Promise<number>((done, fail) => {
    startedWith = done;
    failed = fail;
  });
  return {
    exited,
    resolve,
    started,
    startedWith,
    failed,
    pid: undefined,
    exit: undefined,
    output: { both: "", stdout: "", stderr: "" },
  };
}
