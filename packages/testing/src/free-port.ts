import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range that systems give to outgoing connections, so that a server that is stopped for a moment finds its port still free.
const FIRST = 20_000;
const LAST = 29_999;
const TRIES = 200;

/** A port of 127.0.0.1 that nothing listens on. Another process may take it before it is used: who uses it must try again with another. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port was found between ${FIRST} and ${LAST} of 127.0.0.1 in ${TRIES} tries.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
