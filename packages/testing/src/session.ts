import pg from "pg";

/** A connection whose loss fails the next query in place of the process. */
export async function openSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, application_name: "plinth-testing" });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Runs `work` with a connection of its own. */
export async function withSession<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openSession(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

export function isSqlState(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && codes.includes(String((error as Error & { code?: unknown }).code));
}

// Both are in pg's clients, and not in their types.
type Referenced = pg.Client & { ref(): void; unref(): void };

/** Leaves a connection open without keeping this process alive for it. Nothing may be awaited on it until {@link closeSession}. */
export function setAside(client: pg.Client): void {
  (client as Referenced).unref();
}

/** Ends a connection, set aside or not, lost or not. */
export async function closeSession(client: pg.Client): Promise<void> {
  (client as Referenced).ref();
  await client.end().catch(() => {});
}
