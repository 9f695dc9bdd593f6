import { randomBytes } from "node:crypto";
import { quoteName } from "../catalog/catalog-client.ts";
import { TypesDatabaseError } from "./generate-error.ts";

/**
 * Runs `work` with the URL of a new, empty database on the server of `url`, and drops it afterwards, whatever became of `work`.
 *
 * @throws {TypesDatabaseError} The server was not to be reached, or the role may not create databases.
 */
export async function withScratchDatabase<Result>(
  url: string,
  work: (scratchUrl: string) => Promise<Result>,
): Promise<Result> {
  const { default: pg } = await import("pg");
  const name = `plinth_scratch_${randomBytes(8).toString("hex")}`;
  const client = new pg.Client({ connectionString: url, application_name: "plinth-migrate" });
  // A connection that is lost fails the next query, and not the process.
  client.on("error", () => {});
  try {
    await client.connect();
    // From template0: what somebody put into template1 is no part of what the migrations make.
    await client.query(`create database ${quoteName(name)} template template0`);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw scratchError(error);
  }
  try {
    const scratch = new URL(url);
    scratch.pathname = `/${name}`;
    return await work(scratch.href);
  } finally {
    await client.query(`drop database if exists ${quoteName(name)} with (force)`);
    await client.end();
  }
}

function scratchError(error: unknown): TypesDatabaseError {
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && "code" in error && error.code === "42501")
    return new TypesDatabaseError(
      `a scratch database is needed, and this role may not create one: ${said}`,
      "alter role ... createdb, or give the URL of a server where you may: a developer's, or a throw-away one",
      { cause: error },
    );
  return new TypesDatabaseError(`no scratch database could be made: ${said}`, "check the URL of the server", {
    cause: error,
  });
}
