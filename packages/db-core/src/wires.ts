import type { Client, ClientBase } from "pg";
import { Wire } from "./wire.ts";

const wires: WeakMap<ClientBase, Wire> = new WeakMap();

/** The wire of a connection. What was prepared belongs to the connection, whichever Database and pool it is used through. */
export function wireOf(client: ClientBase): Wire {
  let wire = wires.get(client);
  if (wire === undefined) {
    wire = new Wire((client as Client).connection);
    wires.set(client, wire);
    // One that dies while it is taken fails its query; without a listener it would end the process too.
    client.on("error", () => {});
  }
  return wire;
}
