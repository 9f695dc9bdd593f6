import { createRequire } from "node:module";

/** This package's version: what the ledger says of who wrote a row. */
export const toolVersion: string = (createRequire(import.meta.url)("../package.json") as { version: string }).version;
