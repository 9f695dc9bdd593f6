// The three lines of an application: node apply.mjs <url> <migrations directory>
import { apply, loadMigrations } from "@plinth/migrate";

const [url, directory, options = "{}"] = process.argv.slice(2);
await apply(url, await loadMigrations(directory), { access: null, ...JSON.parse(options) });
if (process.env.SHOW_MEMORY) console.log(process.resourceUsage().maxRSS);
