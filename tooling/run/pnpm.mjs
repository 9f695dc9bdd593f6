// `node tooling/run/pnpm.mjs <arguments>` is pnpm in the version this workspace pins, had from npm alone.
import { pnpm } from "./install.mjs";

process.exitCode = await pnpm(process.argv.slice(2));
