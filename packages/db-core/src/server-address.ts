import { Client, type ClientConfig } from "pg";
import { NotShown, OptionError } from "./option-error.ts";

/** Where a server is, and how to log in there. */
export interface ServerAddress {
  readonly config: ClientConfig;
  /** For messages and spans: never the password. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** `gallery at db.internal:5432` */
  readonly label: string;
}

const REQUIRED = ["PGHOST", "PGUSER", "PGDATABASE"] as const;

/**
 * The primary's address: the option, else DATABASE_URL, else libpq's variables.
 *
 * @throws {OptionError} None of them is there; the message names all that could be set.
 */
export function primaryAddress(writeUrl: string | undefined, env: NodeJS.ProcessEnv): ServerAddress {
  if (writeUrl !== undefined) return addressOf("writeUrl", writeUrl);
  if (filled(env.DATABASE_URL)) return addressOf("DATABASE_URL", env.DATABASE_URL);
  const missing = REQUIRED.filter((name) => !filled(env[name]));
  if (missing.length === 0) return addressOfConfig({});
  throw new OptionError(
    "writeUrl",
    `given, or set in the environment as DATABASE_URL, or as ${REQUIRED.join(", ")} with PGPASSWORD and PGPORT ` +
      `where they are needed (missing: DATABASE_URL, ${missing.join(", ")})`,
    writeUrl,
  );
}

/** The replica's address, if there is one: the option, else READ_DATABASE_URL. @throws {OptionError} */
export function replicaAddress(readUrl: string | undefined, env: NodeJS.ProcessEnv): ServerAddress | undefined {
  if (readUrl !== undefined) return addressOf("readUrl", readUrl);
  return filled(env.READ_DATABASE_URL) ? addressOf("READ_DATABASE_URL", env.READ_DATABASE_URL) : undefined;
}

/** The address of an existing pool or configuration. */
export function addressOfConfig(config: ClientConfig): ServerAddress {
  // pg works out the whole of it: variables, service files' defaults, sockets. Nothing is opened.
  const { host, port, database = "" } = new Client(config);
  return { config, host, port, database, label: `database ${database} at ${host}:${port}` };
}

function addressOf(option: string, url: string): ServerAddress {
  // The URL stays out of the message, and so does the parser's error, which has it too: it may hold a password.
  const refuse = (): OptionError => new OptionError(option, "a URL like postgres://user@host:5432/database", HIDDEN);
  if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url)) throw refuse();
  try {
    return addressOfConfig({ connectionString: url });
  } catch {
    throw refuse();
  }
}

/** For whatever was given, a number as well as a URL. */
const HIDDEN = new NotShown("can't be parsed (not shown: it may hold a password)");

function filled(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
