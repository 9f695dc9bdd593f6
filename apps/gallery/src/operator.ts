import pg from "pg";

/** What the gallery runs with: three ways into one database. */
export interface Addresses {
  /** The operator, who may do everything. Migrations run as this role. */
  readonly operator: string;
  readonly gallery: string;
  readonly prints: string;
}

const DATABASE = "gallery";
const OWNER = "plinth_owner";
const SERVICES = { gallery: "plinth_gallery", prints: "plinth_prints" } as const;

/**
 * Does what an operator does once, outside of any migration: makes the database, the role that will own everything and can't log in,
 * and a role for each service. Passwords would be set here too; this server trusts its own machine. Safe to run again.
 */
export async function prepareDatabase(serverUrl: string): Promise<Addresses> {
  const operator = new pg.Client({ connectionString: serverUrl, application_name: "gallery operator" });
  await operator.connect();
  try {
    await makeRole(operator, OWNER, "nologin");
    for (const role of Object.values(SERVICES)) await makeRole(operator, role, "login");
    const { rowCount } = await operator.query("select from pg_database where datname = $1", [DATABASE]);
    if (rowCount === 0) await operator.query(`create database ${DATABASE} owner ${OWNER}`);
  } finally {
    await operator.end();
  }
  return {
    operator: addressOf(serverUrl),
    gallery: addressOf(serverUrl, SERVICES.gallery),
    prints: addressOf(serverUrl, SERVICES.prints),
  };
}

async function makeRole(operator: pg.Client, role: string, login: "login" | "nologin"): Promise<void> {
  const { rowCount } = await operator.query("select from pg_roles where rolname = $1", [role]);
  if (rowCount === 0) await operator.query(`create role ${role} ${login}`);
}

function addressOf(serverUrl: string, user?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${DATABASE}`;
  if (user !== undefined) url.username = user;
  return url.href;
}
