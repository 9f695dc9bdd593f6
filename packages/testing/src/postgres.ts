import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkReachable, serverAccount } from "./account.ts";
import { checkInteger } from "./check-option.ts";
import { ensureCluster, fillFromImage, makeFolder, type Programs, serverEnvironment } from "./data-folder.ts";
import { DEFAULT_MAJOR, findEmbeddedPackage } from "./embedded-package.ts";
import { OptionError, ServerStartError, TimeoutError } from "./errors.ts";
import { freePort } from "./free-port.ts";
import { Keeper, type KeptProcess } from "./kept-process.ts";
import { isReady, makeWay } from "./postmaster-file.ts";
import { runnableCopy } from "./runnable-copy.ts";

export interface PostgresOptions {
  /**
   * The folder of the data, made on the first start and kept at the end. As root: every folder above it must let `nobody` through.
   *
   * @defaultValue a folder below the system's temporary one that is removed at the end, written to without waiting for the disk
   */
  readonly dataDirectory?: string;
  /** The port on 127.0.0.1, 1 to 65535. @defaultValue one that is free, and kept over a restart */
  readonly port?: number;
  /** The major version, 15 to 18. Any but 18 needs its programs installed (see the README). @defaultValue 18 */
  readonly version?: number;
  /** Settings by name, as in `postgresql.conf`: `{ max_connections: 20, log_statement: "all" }`. @defaultValue Postgres' own, and wal_level=replica */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

export interface StopOptions {
  /** `fast` ends every session and writes all to disk; `immediate` ends like a crash, to be recovered at the next start. @defaultValue "fast" */
  readonly mode?: "fast" | "immediate";
}

const PORTS_TRIED_MAX = 20;
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 20_000;
const POLL_MS = 5;

/**
 * Starts a real Postgres of this process's own, from programs that npm installed, on 127.0.0.1 and with user `postgres`
 * and no password. Within a second of this process's end, SIGKILL included, it is stopped and what it need not keep is removed.
 *
 * @throws {OptionError} An option is out of its range. Nothing was started.
 * @throws {PostgresUnavailableError} There are no programs for this machine or version.
 * @throws {ServerAccountError} This process is root and there is no user `nobody`.
 * @throws {FolderError} The data directory can't be used.
 * @throws {ServerStartError} The server ended at once: a wrong setting, a taken port. Holds its log.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  checkInteger("port", options.port, 1, 65_535);
  checkInteger("version", options.version, 15, 18);
  const settings = checkedSettings(options.settings ?? {});
  const account = serverAccount();
  const found = findEmbeddedPackage(options.version ?? DEFAULT_MAJOR);
  const programs: Programs = { folder: await runnableCopy(found), major: found.major, account };
  checkReachable(programs.folder, account);
  const given = options.dataDirectory;
  const home = given === undefined ? join(tmpdir(), `plinth-data-${randomUUID()}`) : resolve(given);
  const keeper = await Keeper.start(
    given === undefined
      ? { farewell: [{ signal: "SIGQUIT", waitMs: 3_000 }], remove: home }
      : {
          farewell: [
            { signal: "SIGINT", waitMs: 500 },
            { signal: "SIGQUIT", waitMs: 3_000 },
          ],
        },
  );
  try {
    const dataDirectory = given === undefined ? join(home, "data") : home;
    if (given === undefined) {
      makeFolder(home, account);
      await keeper.hold(fillFromImage(dataDirectory, programs, keeper));
    } else await keeper.hold(ensureCluster(dataDirectory, programs, keeper));
    const durability = given === undefined ? { fsync: "off" } : {};
    const server = new PostgresServer(keeper, programs, found.version, dataDirectory, {
      wal_level: "replica",
      ...durability,
      ...settings,
    });
    await server.start(options.port);
    return server;
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

/** A Postgres that this process started. Made by {@link startPostgres} and {@link startReplica}. */
export class PostgresServer {
  readonly dataDirectory: string;
  /** The major version. */
  readonly version: number;
  /** The version of the package that the programs came from. */
  readonly packageVersion: string;
  /** @internal */
  readonly programs: Programs;
  readonly #keeper: Keeper;
  /** @internal */
  readonly settings: Readonly<Record<string, string>>;
  #port = 0;
  #process: KeptProcess | undefined;

  /** @internal */
  constructor(
    keeper: Keeper,
    programs: Programs,
    packageVersion: string,
    dataDirectory: string,
    settings: Readonly<Record<string, string>>,
  ) {
    this.#keeper = keeper;
    this.programs = programs;
    this.version = programs.major;
    this.packageVersion = packageVersion;
    this.dataDirectory = dataDirectory;
    this.settings = settings;
  }

  get port(): number {
    return this.#port;
  }

  /** The superuser's URL of the database `postgres`. */
  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** The process that all of the server's others are children of; `undefined` when it isn't running. */
  get pid(): number | undefined {
    return this.#process?.exit() === undefined ? this.#process?.pid : undefined;
  }

  /** Resolves when the process that runs now has ended; at once when none does. */
  get exited(): Promise<unknown> {
    return this.#process?.exited ?? Promise.resolve();
  }

  /** The last 64 Ki characters of the server's log. */
  get log(): string {
    return this.#process?.output() ?? "";
  }

  /**
   * Starts it again after {@link stop}, or after it was killed, on the same port. Does nothing while it runs.
   *
   * @throws {ServerStartError} It ended at once. Holds its log.
   */
  async start(port: number | undefined = this.#port === 0 ? undefined : this.#port): Promise<void> {
    if (this.pid !== undefined) return;
    await makeWay(this.dataDirectory);
    for (let tries = 1; ; tries += 1) {
      this.#port = port ?? (await freePort());
      try {
        await this.#launch();
        return;
      } catch (error) {
        const taken = error instanceof ServerStartError && error.log.includes("could not bind");
        if (!taken || port !== undefined || tries === PORTS_TRIED_MAX) throw error;
      }
    }
  }

  /** Stops it and keeps its data for {@link start}. Resolves when no process of it is left. Does nothing while it is stopped. */
  async stop(options: StopOptions = {}): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exit() !== undefined) return;
    this.#keeper.signal(options.mode === "immediate" ? "SIGQUIT" : "SIGINT");
    this.#keeper.signal("SIGCONT");
    const stubborn = setTimeout(() => this.#keeper.signal("SIGQUIT"), STOP_MS_MAX);
    await this.#keeper.hold(running.exited);
    clearTimeout(stubborn);
  }

  async restart(options: StopOptions = {}): Promise<void> {
    await this.stop(options);
    await this.start();
  }

  /** Stops it for good and removes the data, unless its folder was given. May be called again. */
  async close(): Promise<void> {
    await this.stop();
    await this.#keeper.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #launch(): Promise<void> {
    const { folder, account } = this.programs;
    const settings = {
      ...this.settings,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      port: String(this.#port),
    };
    const running = await this.#keeper.run({
      file: join(folder, "bin", "postgres"),
      args: [
        "-D",
        this.dataDirectory,
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      cwd: this.dataDirectory,
      env: serverEnvironment(this.programs),
      ...(account === undefined ? {} : { account }),
    });
    this.#process = running;
    await this.#keeper.hold(this.#ready(running));
  }

  async #ready(running: KeptProcess): Promise<void> {
    const deadline = Date.now() + START_MS_MAX;
    while (!isReady(this.dataDirectory, running.pid)) {
      const exit = running.exit();
      if (exit !== undefined) {
        const how = exit.exitCode ?? exit.signal;
        throw new ServerStartError(
          `Postgres ${this.version} ended with ${how} instead of starting on port ${this.#port}.`,
          running.output(),
        );
      }
      if (Date.now() > deadline) {
        throw new TimeoutError(
          `Postgres did not become ready. Its log:\n${running.output()}\nIt was awaited`,
          START_MS_MAX,
        );
      }
      await sleep(POLL_MS);
    }
  }
}

export function checkedSettings(settings: NonNullable<PostgresOptions["settings"]>): Record<string, string> {
  const reserved = ["listen_addresses", "unix_socket_directories", "port", "data_directory"];
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (!/^[a-z_]+(\.[a-z_]+)?$/i.test(name) || reserved.includes(name)) {
        throw new OptionError("settings", `names of settings other than ${reserved.join(", ")}`, name);
      }
      return [name, typeof value === "boolean" ? (value ? "on" : "off") : String(value)];
    }),
  );
}
