/** The format that this version writes: the highest number in this package's migrations. A newer ledger is used as it is: its functions are for ever. */
export const LEDGER_FORMAT: number = 1;
