// Made by plinth-migrate types, of the catalog of a migrated database. Changes belong into the migrations.

import { fileURLToPath } from "node:url";
import { type Contract, defineContract } from "./contract.ts";
import type { ProcedureOptional } from "./database.ts";

/** A row of plinth_core.get_versions. */
export interface GetVersionsRow {
  readonly namespace: string;
  readonly version: number;
}

/** The procedures of plinth_core that whoever may use the namespace may call. */
export interface CoreProcedures {
  /**
   * The version of every namespace in this database: its highest applied numbered migration, 0 where only repeatable ones were applied.
   * No row for a namespace that was never applied. Takes no lock.
   */
  readonly getVersions: ProcedureOptional<Record<string, never>, GetVersionsRow[]>;
}

/** The procedures that whoever may use the namespace may call. */
export type Procedures = CoreProcedures;

/** The callers of the contract, by schema. */
export interface Types {
  readonly shared: {
    readonly core: CoreProcedures;
  };
  readonly services: {};
  readonly iterate: {};
}

/** What @plinth/db-core contributes to the schema registry, at version 1. */
export const contract: Contract<Types> = defineContract<Types>({
  name: "@plinth/db-core",
  version: 1,
  migrations: fileURLToPath(new URL("../migrations", import.meta.url)),
  procedures: {
    core: {
      getVersions: {
        schema: "plinth_core",
        name: "get_versions",
        mode: "read",
        returns: "many",
        args: [],
        columns: [
          ["namespace", "namespace", "text"],
          ["version", "version", "integer"],
        ],
      },
    },
  },
});
