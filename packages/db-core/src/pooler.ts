import type { ClientBase } from "pg";

/** What stands between this process and the server. */
export type PoolerMode = "none" | "transaction";

/**
 * Finds out whether a pooler answers for the server: it can't know whose process it will be, so the process id it gives out when a connection
 * is opened is made up. One that keeps a server's connection for as long as ours is open (session pooling) looks the same, and is treated
 * with the same care.
 */
export async function detectPooler(client: ClientBase): Promise<PoolerMode> {
  const { processID } = client as unknown as { readonly processID: number };
  const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid === processID ? "none" : "transaction";
}
