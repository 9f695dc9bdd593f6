/** What every error of this package has. `code` is stable; the data a caller can act on stands in fields. */
export class TestingError extends Error {
  readonly code: string;
  /** Whether the same call may succeed later with nothing changed by the caller. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** An option is not what it may be. Thrown before anything was started or written. */
export class OptionError extends TestingError {
  readonly option: string;

  constructor(option: string, expected: string, value: unknown) {
    super("PLINTH_TESTING_OPTION", `Option ${option} must be ${expected}; it is ${describe(value)}.`);
    this.option = option;
  }
}

/** No Postgres can be had from npm for this machine or this version. `TEST_DATABASE_URL` is the way out. */
export class PostgresUnavailableError extends TestingError {
  constructor(message: string) {
    super("PLINTH_TESTING_POSTGRES_UNAVAILABLE", message);
  }
}

/** This process runs as root, and there is no other account that a server could run as. */
export class ServerAccountError extends TestingError {
  constructor(message: string) {
    super("PLINTH_TESTING_SERVER_ACCOUNT", message);
  }
}

/** A folder can't be used for what it is needed for. Nothing in it was changed. */
export class FolderError extends TestingError {
  readonly path: string;

  constructor(path: string, message: string, options: ErrorOptions & { readonly retryable?: boolean } = {}) {
    super("PLINTH_TESTING_FOLDER", message, options);
    this.path = path;
  }
}

/** A server did not come up. `log` holds the last of what it wrote. */
export class ServerStartError extends TestingError {
  readonly log: string;

  constructor(message: string, log: string, options: ErrorOptions = {}) {
    super("PLINTH_TESTING_SERVER_START", log === "" ? message : `${message}\n${log.trimEnd()}`, options);
    this.log = log;
  }
}

/** The user of the test server may not do what test databases need. */
export class TestServerPrivilegeError extends TestingError {
  readonly privilege: "create databases" | "create roles";

  constructor(user: string, privilege: "create databases" | "create roles", options: ErrorOptions = {}) {
    const attribute = privilege === "create databases" ? "createdb" : "createrole";
    super(
      "PLINTH_TESTING_PRIVILEGE",
      `The test server's user "${user}" may not ${privilege}. Let an administrator run: alter role "${user}" ${attribute}; ` +
        "or name a user who may in TEST_DATABASE_URL, or unset it to use the embedded server.",
      options,
    );
    this.privilege = privilege;
  }
}

/** Something awaited did not come about in time. */
export class TimeoutError extends TestingError {
  readonly waitMs: number;

  constructor(what: string, waitMs: number, options: ErrorOptions = {}) {
    super("PLINTH_TESTING_TIMEOUT", `${what} within ${waitMs} ms.`, { ...options, retryable: true });
    this.waitMs = waitMs;
  }
}

/** A worker ended while a message from it was awaited. The message of the error holds what it wrote last. */
export class WorkerExitError extends TestingError {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(message: string, exitCode: number | null, signal: NodeJS.Signals | null) {
    super("PLINTH_TESTING_WORKER_EXIT", message);
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** No pgbouncer is installed on this machine. Ask `pgBouncerInstalled()` first to skip such tests. */
export class PgBouncerMissingError extends TestingError {
  constructor() {
    super(
      "PLINTH_TESTING_PGBOUNCER_MISSING",
      "No pgbouncer was found on the PATH, in /usr/sbin or in /usr/local/sbin. Install it (Debian: apt-get install pgbouncer), or skip the tests that need it.",
    );
  }
}

function describe(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
