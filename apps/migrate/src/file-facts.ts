import type { MigrationFile } from "@plinth/migrate";

/** A migration file in a `--json` document. */
export function fileFacts(file: MigrationFile): object {
  const { namespace, number, name, fileName, path, repeatable, transactional, hash } = file;
  return { namespace, number, name, fileName, path, repeatable, transactional, hash };
}
