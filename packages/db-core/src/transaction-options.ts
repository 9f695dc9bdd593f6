import type { TransactionOptions } from "./database.ts";
import { knownKeys, OptionError, oneOf, trueOrFalse, wholeNumber } from "./option-error.ts";

const KEYS = ["isolation", "retries", "readOnly", "allowDatabaseCalls"];
const ISOLATIONS = ["read committed", "repeatable read", "serializable"] as const;

/** Transaction options with nothing left out. */
export interface TransactionSettings {
  readonly isolation: (typeof ISOLATIONS)[number];
  readonly retries: number;
  readonly readOnly: boolean;
  readonly allowDatabaseCalls: boolean;
}

/** @throws {OptionError} */
export function transactionSettings(options: TransactionOptions = {}): TransactionSettings {
  knownKeys(options, KEYS, "transaction");
  const { isolation = "read committed", retries = 0, readOnly = false, allowDatabaseCalls = false } = options;
  return {
    isolation: oneOf("isolation", isolation, ISOLATIONS),
    retries: wholeNumber("retries", retries, 0, 100),
    readOnly: trueOrFalse("readOnly", readOnly),
    allowDatabaseCalls: trueOrFalse("allowDatabaseCalls", allowDatabaseCalls),
  };
}

/** @throws {OptionError} An option that only the outermost transaction can have. */
export function nestedSettings(options: TransactionOptions = {}): Pick<TransactionSettings, "readOnly"> {
  for (const key of ["isolation", "retries", "allowDatabaseCalls"] as const) {
    if (options[key] !== undefined)
      throw new OptionError(key, "left out of a nested transaction: the outermost one decides it", options[key]);
  }
  return { readOnly: transactionSettings(options).readOnly };
}

/**
 * The statements that open a transaction, for one round trip. `localSettings`: what the connection could not be given when it was opened, as
 * `set local` would have it. The isolation level is always named: the role's default may be another.
 */
export function beginText(settings: TransactionSettings, localSettings: Readonly<Record<string, string>>): string {
  const access = settings.readOnly ? " read only" : "";
  const begin = `begin isolation level ${settings.isolation}${access}`;
  const local = Object.entries(localSettings).map(([name, value]) => `set local ${name} = '${value}'`);
  return [begin, ...local].join("; ");
}
