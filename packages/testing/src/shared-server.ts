// A program: one embedded Postgres that any number of processes of this user share. Started by the first of them, it ends
// when the last one's connection to it, its lease, has been gone for a while.
import { createServer, type Socket } from "node:net";
import { startPostgres } from "./postgres.ts";

/** How long the server stays when nobody uses it: from one test file's end to the next one's begin. */
const IDLE_MS = 2_000;

const [port, version, identity] = process.argv.slice(2) as [string, string, string];

// It belongs to all who use it, and so not to the terminal of the first.
for (const signal of ["SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

const leases = new Set<Socket>();
let idle: NodeJS.Timeout;
let announce: (line: string) => void;
const announced = new Promise<string>((resolve) => {
  announce = resolve;
});

const listener = createServer((lease) => {
  leases.add(lease);
  clearTimeout(idle);
  lease.on("error", () => {});
  lease.on("close", () => {
    leases.delete(lease);
    watchIdle();
  });
  lease.resume();
  lease.write(`${identity}\n`);
  void announced.then((line) => lease.write(`${line}\n`));
});

// The port is the lock: one process can listen on it, and the kernel releases it however that process ends.
listener.once("error", () => process.exit(0));
listener.listen({ port: Number(port), host: "127.0.0.1", exclusive: true }, () => void serve());

async function serve(): Promise<void> {
  try {
    const server = await startPostgres({
      version: Number(version),
      settings: { max_connections: 300, max_wal_senders: 20, max_replication_slots: 20 },
    });
    announce(JSON.stringify({ url: server.url }));
    end = async () => server.close();
  } catch (error) {
    announce(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  }
  watchIdle();
}

let end = async (): Promise<void> => {};

function watchIdle(): void {
  clearTimeout(idle);
  if (leases.size > 0) return;
  idle = setTimeout(() => {
    // Nobody can come in any more: who tries is refused, and starts another.
    listener.close();
    void end().then(() => process.exit(0));
  }, IDLE_MS);
}
