// The light door of db-core: errors and option checks without `pg`, for programs whose cold start counts.
export { knownKeys, OptionError, oneOf, text, trueOrFalse, wholeNumber } from "./option-error.ts";
export { PlinthError } from "./plinth-error.ts";
