import type { MigrateErrorKind } from "@plinth/migrate";

/** The exit codes beside those of errors. */
export const EXIT_OK = 0;
export const EXIT_PENDING = 3;

/** An error that nobody foresaw. */
const EXIT_INTERNAL = 1;

const EXIT_OF_KIND: Readonly<Record<MigrateErrorKind, number>> = {
  usage: 2,
  validation: 4,
  failed: 5,
  partial: 6,
  lock: 7,
  connection: 8,
  lint: 9,
  contract: 10,
};

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

export function exitCodeOf(kind: MigrateErrorKind): number {
  return EXIT_OF_KIND[kind];
}

/** What a failed command ends with. */
export function exitCodeOfError(error: unknown): number {
  const kind = kindOf(error);
  return kind === undefined ? EXIT_INTERNAL : EXIT_OF_KIND[kind];
}

/** 130 and 143, as shells expect of a process that a signal ended. */
export function exitCodeOfSignal(signal: keyof typeof SIGNAL_NUMBERS): number {
  return 128 + SIGNAL_NUMBERS[signal];
}

/** Known by shape, not by class: so that an error can be reported without the migrator having been loaded. */
export function kindOf(error: unknown): MigrateErrorKind | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "OPTION_INVALID") return "usage";
  // The file system's own: no permission, links in a circle. The reader's to mend, and named with its path.
  if ("syscall" in error && "path" in error) return "usage";
  const kind: unknown = "kind" in error ? error.kind : undefined;
  return typeof kind === "string" && Object.hasOwn(EXIT_OF_KIND, kind) ? (kind as MigrateErrorKind) : undefined;
}
