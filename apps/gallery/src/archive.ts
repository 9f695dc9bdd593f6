import { readFile } from "node:fs/promises";
import type { Json } from "@plinth/db-core";

/** One photograph as the archive lists it. */
export interface ArchivedPhoto {
  readonly owner: string;
  readonly title: string;
  readonly photographer: string;
  readonly year: number;
  readonly tags: readonly string[];
  readonly details: Json;
}

/** The photographs that the first run loads: 24, from 1827 to 2022. */
export async function readArchive(): Promise<readonly ArchivedPhoto[]> {
  return JSON.parse(await readFile(new URL("../data/photos.json", import.meta.url), "utf8"));
}
