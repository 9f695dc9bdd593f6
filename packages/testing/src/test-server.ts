import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { serverAccount } from "./account.ts";
import { checkInteger, checkPostgresUrl } from "./check-option.ts";
import { DEFAULT_MAJOR, findEmbeddedPackage } from "./embedded-package.ts";
import { ServerStartError, TimeoutError } from "./errors.ts";
import { programFile } from "./program-file.ts";

export interface TestServerOptions {
  /** The major version of the embedded server, 15 to 18. @defaultValue the environment's `POSTGRES_VERSION`, or else 18 */
  readonly version?: number;
}

export interface TestServer {
  /** A user who may create databases, and a database to log in to that is left as it is. */
  readonly url: string;
  /** Says that this process has done with it before its end. The server ends when all have. Does nothing to a server of `TEST_DATABASE_URL`. */
  release(): void;
}

// Below the range of outgoing connections, above that of the servers themselves.
const FIRST_PORT = 30_000;
const PORTS = 2_000;
const PORTS_TRIED = 8;
const HELLO_MS = 3_000;
const START_MS_MAX = 120_000;
const POLL_MS = 20;

const shared = new Map<number, Promise<TestServer>>();

/**
 * The server that tests run on: that of `TEST_DATABASE_URL` if it is set, else an embedded one, which all processes of this
 * user share. The first that asks starts it, and it ends soon after the last one's end, SIGKILL included.
 *
 * @throws {OptionError} The version is out of its range, or `TEST_DATABASE_URL` is no Postgres URL.
 * @throws {PostgresUnavailableError} There are no programs for this machine or version.
 * @throws {ServerStartError} The embedded server did not start. Holds its log.
 */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const url = process.env.TEST_DATABASE_URL;
  if (url !== undefined && url !== "") {
    checkPostgresUrl("TEST_DATABASE_URL", url);
    return { url, release: () => {} };
  }
  const named = process.env.POSTGRES_VERSION;
  const version = options.version ?? (named === undefined || named === "" ? DEFAULT_MAJOR : Number(named));
  checkInteger("version", version, 15, 18);
  let server = shared.get(version);
  if (server === undefined) {
    server = lease(version);
    shared.set(version, server);
    server.catch(() => shared.delete(version));
  }
  return server;
}

async function lease(version: number): Promise<TestServer> {
  serverAccount();
  const { version: packageVersion } = findEmbeddedPackage(version);
  const uid = process.getuid?.() ?? 0;
  const hash = createHash("sha256")
    .update(JSON.stringify([uid, tmpdir(), packageVersion]))
    .digest();
  // A user of another folder or version finds another's server by chance, and must not take it for its own.
  const identity = `plinth-test-server-1 ${hash.toString("hex")}`;
  const deadline = Date.now() + START_MS_MAX;
  for (let tries = 0; tries < PORTS_TRIED; tries += 1) {
    const port = FIRST_PORT + ((hash.readUInt16BE(0) + tries) % PORTS);
    let spawned = 0;
    while (Date.now() < deadline) {
      const answer = await ask(port, identity, deadline);
      if (answer === "foreign") break;
      if (answer !== "nobody") return leased(answer.socket, answer.line, version);
      // Again after a second: the one that was asked may have ended just when another had found it still there.
      if (Date.now() - spawned > 1_000) {
        spawned = Date.now();
        spawn(process.execPath, [programFile("shared-server"), String(port), String(version), identity], {
          detached: true,
          stdio: "ignore",
          env: { ...process.env, NODE_OPTIONS: "" },
        }).unref();
      }
      await sleep(POLL_MS);
    }
  }
  throw new TimeoutError("The shared test server could not be reached", START_MS_MAX);
}

function leased(socket: Socket, line: string, version: number): TestServer {
  const { url, error } = JSON.parse(line) as { url?: string; error?: string };
  if (url === undefined) {
    socket.destroy();
    throw new ServerStartError(error ?? "The shared test server did not say where it is.", "");
  }
  socket.on("close", () => shared.delete(version));
  socket.unref();
  return {
    url,
    release: () => {
      shared.delete(version);
      socket.destroy();
    },
  };
}

type Answer = "nobody" | "foreign" | { readonly socket: Socket; readonly line: string };

/** Asks who listens on a port. The connection over which a shared server answers is the lease of it. */
function ask(port: number, identity: string, deadline: number): Promise<Answer> {
  return new Promise((resolve) => {
    let text = "";
    const socket = createConnection({ port, host: "127.0.0.1" });
    const settle = (answer: Answer): void => {
      clearTimeout(patience);
      if (typeof answer === "string") socket.destroy();
      resolve(answer);
    };
    let patience = setTimeout(() => settle("foreign"), HELLO_MS);
    socket.setEncoding("utf8");
    socket.on("error", () => settle("nobody"));
    socket.on("close", () => settle("nobody"));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const [hello, line, rest] = text.split("\n");
      if (line === undefined) return;
      if (hello !== identity) settle("foreign");
      else if (rest !== undefined) settle({ socket, line });
      else {
        clearTimeout(patience);
        patience = setTimeout(() => settle("foreign"), Math.max(0, deadline - Date.now()));
      }
    });
  });
}
