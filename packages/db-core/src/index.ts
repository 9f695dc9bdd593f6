export type { ArgSpec, ColumnSpec, Contract, ContractTypes, Json, ProcedureSpec, Returns } from "./contract.ts";
export { defineContract } from "./contract.ts";
export type {
  Caller,
  CallOptions,
  Database,
  Iterate,
  IterateOf,
  IterateOptional,
  IterateOptions,
  ListenOptions,
  Procedure,
  ProcedureOptional,
  ProcsOf,
  QueryResult,
  StopListening,
  Transaction,
  TransactionOptions,
} from "./database.ts";
export { knownKeys, OptionError, oneOf, PlinthError, text, trueOrFalse, wholeNumber } from "./errors.ts";
