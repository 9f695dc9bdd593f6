import { quoteName } from "./catalog/catalog-client.ts";
import { MigrateError, type MigrateErrorKind, type SourcePosition } from "./migrate-error.ts";

/**
 * access.json can't be used as it stands; all that is wrong with it is said at once. Of kind `usage` by itself or against the graph: nothing was done. Of
 * kind `contract` against the database: what was running is rolled back, and no grant was changed.
 */
export class AccessFileError extends MigrateError {
  override readonly name = "AccessFileError";
  readonly code = "MIG520";
  readonly kind: MigrateErrorKind;
  override readonly positions: readonly SourcePosition[];
  /** One sentence each. */
  readonly problems: readonly string[];

  constructor(
    file: string,
    problems: readonly string[],
    positions: readonly SourcePosition[],
    options: ErrorOptions & { readonly kind?: "usage" | "contract" } = {},
  ) {
    super(`${file} can't be used: ${problems.join("; ")}`, options);
    this.kind = options.kind ?? "usage";
    this.problems = problems;
    this.positions = positions;
  }
}

/** Roles that access.json speaks of are not in this database's cluster. They and their passwords are made by whoever runs the server. */
export class RolesMissingError extends MigrateError {
  override readonly name = "RolesMissingError";
  readonly code = "MIG521";
  readonly kind: MigrateErrorKind = "contract";
  readonly roles: readonly string[];
  override readonly hint: string;

  constructor(ownerRole: string | undefined, roles: readonly string[]) {
    super(`access.json names roles that this server does not have: ${roles.join(", ")}. No grant was changed.`);
    this.roles = roles;
    this.hint = `make them as a superuser, passwords as you keep them:\n${roles
      .map((role) => `  create role ${quoteName(role)} ${role === ownerRole ? "nologin" : "login"};`)
      .join("\n")}`;
  }
}

/** What is granted is not what access.json says, and could not be, or was not to be, put right. */
export class GrantsError extends MigrateError {
  override readonly name = "GrantsError";
  readonly code = "MIG522";
  readonly kind: MigrateErrorKind = "contract";
  /** One sentence each: what is missing, what is extra, which attribute a role must not have. */
  readonly differences: readonly string[];
  override readonly hint: string;

  constructor(differences: readonly string[], hint: string) {
    super(`what is granted is not what access.json says:\n${differences.map((each) => `  ${each}`).join("\n")}`);
    this.differences = differences;
    this.hint = hint;
  }
}

/** access.json names another owner than the one who owns what is there, and the migrating role may not hand it over. Nothing was done. */
export class OwnerChangeError extends MigrateError {
  override readonly name = "OwnerChangeError";
  readonly code = "MIG523";
  readonly kind: MigrateErrorKind = "connection";
  override readonly hint: string;

  constructor(before: string, owner: string, options: ErrorOptions) {
    super(
      `access.json makes ${owner} the owner, but ${before} owns plinth_core, and this role may not hand it over`,
      options,
    );
    this.hint = `run this once as a superuser, or as a member of both ${before} and ${owner}`;
  }
}
