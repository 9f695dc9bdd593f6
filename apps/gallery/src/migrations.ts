import { apply, loadMigrations } from "@plinth/migrate";
import { line } from "./story.ts";

/** Brings the database to what the gallery's code needs, and tells each file. What CI does with `plinth-migrate apply`. */
export async function migrate(operatorUrl: string): Promise<void> {
  const migrations = await loadMigrations(new URL("../migrations/", import.meta.url));
  let files = 0;
  await apply(operatorUrl, migrations, {
    onEvent(event) {
      if (event.type === "ran")
        line(`${event.file.namespace}  ${event.file.fileName}`, `${Math.ceil(event.durationMs)} ms`);
      if (event.type === "committed") files += event.files.length;
      if (event.type === "granted" && event.changes.length > 0)
        line("grants brought to access.json", `${event.changes.length} changes`);
    },
  });
  if (files === 0) line("nothing to do", "every file is applied, every grant as access.json says");
}
