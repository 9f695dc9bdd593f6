import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FolderError, type PostgresServer, startPostgres } from "@plinth/testing";

const IN_THE_CHECKOUT = fileURLToPath(new URL("../../../.plinth/postgres", import.meta.url));

/**
 * Starts the example's own Postgres on data that is kept from run to run: in `.plinth/` of the checkout, or below the temporary folder if
 * the server's user can't reach the checkout (root's own home, for one).
 */
export async function startFirstServer(): Promise<PostgresServer> {
  try {
    return await startPostgres({ dataDirectory: IN_THE_CHECKOUT });
  } catch (error) {
    if (!(error instanceof FolderError)) throw error;
    return await startPostgres({ dataDirectory: join(tmpdir(), `plinth-gallery-${userInfo().uid}`, "postgres") });
  }
}
