import { knownKeys, OptionError, oneOf, trueOrFalse, wholeNumber } from "@plinth/db-core/errors";
import type { Access } from "./access.ts";
import type { OnMigrateEvent } from "./events.ts";

/** How `apply` runs. */
export interface ApplyOptions {
  /** Aborted: the statement at hand is cancelled on the server, what was not committed is rolled back, the lock is given back, `apply` rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what is going on. */
  readonly onEvent?: OnMigrateEvent | undefined;
  /**
   * How long another migrator may hold the lock before this one gives up, in milliseconds from 0 to 86,400,000. 0: not at all.
   *
   * @defaultValue `60_000`
   */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * How long a statement may wait for a lock, in milliseconds from 1 to 3,600,000: so long readers of that table may be held up behind it. Then the batch
   * is rolled back and tried again, ten times.
   *
   * @defaultValue `3_000`
   */
  readonly statementLockTimeoutMs?: number | undefined;
  /**
   * `namespace`: the pending files of a namespace are one transaction, so that nobody sees half of a change. `file`: one transaction each, for installs
   * that are too large for one; then others see what lies between two files.
   *
   * @defaultValue `"namespace"`
   */
  readonly transaction?: "namespace" | "file" | undefined;
  /**
   * Refuse new files with numbers below applied ones, in place of a warning.
   *
   * @defaultValue `false`
   */
  readonly strict?: boolean | undefined;
  /**
   * Who may call what, and who owns it all. `null`: no such thing, whatever file there is.
   *
   * @defaultValue the access.json beside the package.json of the migrations' root, if there is one
   */
  readonly access?: Access | null | undefined;
}

/** Options with nothing left out. */
export interface CheckedApplyOptions {
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnMigrateEvent;
  readonly lockTimeoutMs: number;
  readonly statementLockTimeoutMs: number;
  readonly transaction: "namespace" | "file";
  readonly strict: boolean;
  readonly access: Access | null | undefined;
}

const KNOWN = ["signal", "onEvent", "lockTimeoutMs", "statementLockTimeoutMs", "transaction", "strict", "access"];

/** @throws {OptionError} It is none. */
export function checkSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw new OptionError("signal", "an AbortSignal", signal);
}

/** @throws {OptionError} Before anything was done. */
export function checkApplyOptions(options: ApplyOptions): CheckedApplyOptions {
  knownKeys(options, KNOWN);
  const { onEvent, access } = options;
  const signal = checkSignal(options.signal);
  if (onEvent !== undefined && typeof onEvent !== "function") throw new OptionError("onEvent", "a function", onEvent);
  if (access !== undefined && typeof access !== "object")
    throw new OptionError("access", "what readAccess gives, or null", access);
  return {
    signal,
    onEvent: onEvent ?? (() => {}),
    lockTimeoutMs: wholeNumber("lockTimeoutMs", options.lockTimeoutMs ?? 60_000, 0, 86_400_000),
    statementLockTimeoutMs: wholeNumber(
      "statementLockTimeoutMs",
      options.statementLockTimeoutMs ?? 3_000,
      1,
      3_600_000,
    ),
    transaction: oneOf("transaction", options.transaction ?? "namespace", ["namespace", "file"]),
    strict: trueOrFalse("strict", options.strict ?? false),
    access,
  };
}
