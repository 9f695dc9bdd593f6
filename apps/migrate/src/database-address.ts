import type { Arguments } from "./command-line.ts";
import { CommandLineError } from "./command-line-error.ts";
import { rememberSecret } from "./secrets.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES = ["MIGRATE_DATABASE_URL", "DATABASE_URL"] as const;
const LIBPQ_VARIABLES = ["PGHOST", "PGPORT", "PGDATABASE", "PGUSER"] as const;

/** The driver takes what a URL leaves out from libpq's variables: this one leaves out everything. */
const ALL_FROM_LIBPQ_VARIABLES = "postgres:///";

/** A database to work on, and how it is called in front of people. */
export interface DatabaseAddress {
  readonly url: string;
  /** `app@db1:5432/shop`: never a password. */
  readonly shown: string;
}

/**
 * The database to work on. Its password is hidden from everything that is printed from now on.
 *
 * @throws {CommandLineError} There is none, or it is no URL of a Postgres. The URL itself is not in the message.
 */
export function databaseAddress(args: Arguments, env: Environment): DatabaseAddress {
  rememberSecret(env.PGPASSWORD);
  const given = args.value("database-url");
  if (given !== undefined) return addressOf(checkedUrl("--database-url", given), env);
  for (const name of VARIABLES) {
    const value = env[name];
    if (value !== undefined && value !== "") return addressOf(checkedUrl(name, value), env);
  }
  if (LIBPQ_VARIABLES.some((name) => env[name] !== undefined && env[name] !== ""))
    return addressOf(ALL_FROM_LIBPQ_VARIABLES, env);
  throw new CommandLineError(
    `no database: none of ${VARIABLES.join(", ")} and libpq's ${LIBPQ_VARIABLES.join(", ")} is set, and no --database-url was given`,
    `set ${VARIABLES[0]}=postgres://<user>@<host>:5432/<database>`,
  );
}

/** Checks a URL from the place named `source`, and remembers its password. */
export function checkedUrl(source: string, given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  rememberSecret(/:\/\/[^:/?#]*:(.*)@/.exec(given)?.[1]);
  if (url === undefined || !["postgres:", "postgresql:"].includes(url.protocol))
    throw new CommandLineError(
      `${source} is not a URL of a Postgres database: expected postgres://<user>:<password>@<host>:<port>/<database>`,
      "characters like @ : / # % and blanks in a password are written as %40 %3A %2F %23 %25 %20",
    );
  for (const part of [url.username, url.password, url.pathname, url.hostname]) {
    const decoded = decode(part);
    if (decoded === undefined)
      throw new CommandLineError(`${source} has a % that begins no escape`, "write % itself as %25");
    if (part === url.password) rememberSecret(decoded);
  }
  rememberSecret(url.searchParams.get("password") ?? undefined);
  return given;
}

/** What a URL leaves out, the driver takes from libpq's variables. */
function addressOf(url: string, env: Environment): DatabaseAddress {
  const { username, hostname, port, pathname, searchParams } = new URL(url);
  const user = decode(username) || env.PGUSER || "";
  const host = searchParams.get("host") || decode(hostname) || env.PGHOST || "localhost";
  const database = decode(pathname.slice(1)) || env.PGDATABASE || user;
  return { url, shown: `${user === "" ? "" : `${user}@`}${host}:${port || env.PGPORT || "5432"}/${database}` };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
