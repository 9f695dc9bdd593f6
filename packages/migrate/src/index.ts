export { type AppliedFile, type ApplyResult, apply } from "./apply.ts";
export type { ApplyOptions } from "./apply-options.ts";
export { loadMigrations } from "./load-migrations.ts";
