import { readFile } from "node:fs/promises";
import { FileChangedError } from "./file-errors.ts";
import type { MigrationFile } from "./migrations.ts";
import { normalise } from "./normalise.ts";
import { hashOf } from "./scan-directory.ts";

/**
 * The normalised text of a file, as it was when it was loaded.
 *
 * @throws {FileChangedError} The file is gone or has another content now.
 */
export async function readMigration(file: MigrationFile): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file.path);
  } catch (error) {
    throw new FileChangedError(file.path, (error as Error).message, { cause: error });
  }
  const content = normalise(bytes);
  if (hashOf(content) !== file.hash) throw new FileChangedError(file.path, "its content is another");
  return content.toString("utf8");
}
