import { randomUUID } from "node:crypto";
import { accessSync, chownSync, constants, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serverAccount } from "./account.ts";
import { checkInteger, checkOneOf, checkPostgresUrl } from "./check-option.ts";
import { makeFolder } from "./data-folder.ts";
import { OptionError, PgBouncerMissingError, ServerStartError, TimeoutError } from "./errors.ts";
import { freePort } from "./free-port.ts";
import { Keeper, type KeptProcess } from "./kept-process.ts";

export interface PgBouncerOptions {
  /** The server and user to pool connections of. Every database of the server can be reached through the pooler. */
  readonly url: string;
  /** When a connection to the server goes to another client. @defaultValue "transaction" */
  readonly poolMode?: "session" | "transaction" | "statement";
  /** Connections to the server for each pair of user and database, 1 to 1,000. @defaultValue 5 */
  readonly poolSize?: number;
  /** URLs of the same server with further users that may log in. @defaultValue none */
  readonly users?: readonly string[];
}

const START_MS_MAX = 10_000;
const POLL_MS = 10;
const PORTS_TRIED_MAX = 20;

/** Whether a pgbouncer is installed, so that tests can be skipped where none is. */
export function pgBouncerInstalled(): boolean {
  return programFile() !== undefined;
}

/**
 * Starts a PgBouncer on 127.0.0.1, before a server. It ends with this process, SIGKILL included, or with `close()`.
 *
 * @throws {OptionError} An option is out of its range. Nothing was started.
 * @throws {PgBouncerMissingError} None is installed.
 * @throws {ServerStartError} It ended at once. Holds its log.
 */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const server = checkPostgresUrl("url", options.url);
  checkOneOf("poolMode", options.poolMode, ["session", "transaction", "statement"]);
  checkInteger("poolSize", options.poolSize, 1, 1_000);
  const users = [server, ...(options.users ?? []).map((url) => checkPostgresUrl("users", url))];
  const file = programFile();
  if (file === undefined) throw new PgBouncerMissingError();
  const account = serverAccount();
  const home = join(tmpdir(), `plinth-pgbouncer-${randomUUID()}`);
  // SIGTERM ends it at once in every version.
  const keeper = await Keeper.start({ farewell: [{ signal: "SIGTERM", waitMs: 1_000 }], remove: home });
  try {
    makeFolder(home, account);
    write(join(home, "users.txt"), userList(users), account);
    for (let tries = 1; ; tries += 1) {
      const port = await freePort();
      write(join(home, "pgbouncer.ini"), configuration(server, port, home, options), account);
      const running = await keeper.run({
        file,
        args: ["-q", join(home, "pgbouncer.ini")],
        cwd: home,
        env: { PATH: process.env.PATH ?? "" },
        ...(account === undefined ? {} : { account }),
      });
      if (await keeper.hold(answers(running, port))) return new PgBouncer(keeper, running, server, port);
      const taken = running.output().includes("in use");
      if (!taken || tries === PORTS_TRIED_MAX)
        throw new ServerStartError("PgBouncer ended instead of starting.", running.output());
    }
  } catch (error) {
    await keeper.end();
    throw error;
  }
}

/** A pooler before a server. Made by {@link startPgBouncer}. */
export class PgBouncer {
  readonly pid: number;
  readonly port: number;
  /** The server's URL by way of the pooler. */
  readonly url: string;
  readonly exited: Promise<unknown>;
  readonly #keeper: Keeper;

  /** @internal */
  constructor(keeper: Keeper, running: KeptProcess, server: URL, port: number) {
    this.#keeper = keeper;
    this.pid = running.pid;
    this.exited = running.exited;
    this.port = port;
    const url = new URL(server);
    url.hostname = "127.0.0.1";
    url.port = String(port);
    this.url = url.href;
  }

  /** Ends it and every connection through it. May be called again. */
  async close(): Promise<void> {
    await this.#keeper.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function programFile(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "pgbouncer"))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function configuration(
  server: URL,
  port: number,
  home: string,
  { poolMode = "transaction", poolSize = 5 }: PgBouncerOptions,
): string {
  return [
    "[databases]",
    `* = host=${server.hostname} port=${server.port === "" ? 5432 : server.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    // The pooler is this machine's own and on loopback only: it asks for no password and knows the server's.
    "auth_type = trust",
    `auth_file = ${join(home, "users.txt")}`,
    `pool_mode = ${poolMode}`,
    `default_pool_size = ${poolSize}`,
    "max_client_conn = 1000",
    "ignore_startup_parameters = extra_float_digits",
    "",
  ].join("\n");
}

function userList(users: readonly URL[]): string {
  const quoted = (text: string): string => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  if (users.some(({ username }) => username === ""))
    throw new OptionError("url", "a URL that names its user", "(not shown)");
  return `${users.map(({ username, password }) => `${quoted(username)} ${quoted(password)}`).join("\n")}\n`;
}

function write(file: string, text: string, account: { uid: number; gid: number } | undefined): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (account !== undefined) chownSync(file, account.uid, account.gid);
}

/** Whether it takes connections; false when it has ended. */
async function answers(running: KeptProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + START_MS_MAX;
  while (running.exit() === undefined) {
    if (await canConnect(port)) return running.exit() === undefined;
    if (Date.now() > deadline) throw new TimeoutError("PgBouncer did not take connections", START_MS_MAX);
    await sleep(POLL_MS);
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
