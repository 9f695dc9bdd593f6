import { Checkout } from "./checkout.ts";
import type { Run } from "./cli.ts";
import type { EmptyDatabase } from "./empty-database.ts";

/** An application whose every file leaves a mark each time it runs. */
export function markedCheckout(files: number): Checkout {
  const numbered = Array.from({ length: files }, (_, index) => {
    const number = String(index + 2).padStart(3, "0");
    return [`migrations/${number}-mark.sql`, `insert into mark (file) values ('${number}');`] as const;
  });
  return Checkout.with({
    "migrations/001-mark.sql": "create table mark (id bigint generated always as identity, file text);",
    ...Object.fromEntries(numbered),
    "migrations/900-r-mark.sql": "insert into mark (file) values ('900');",
  });
}

/** Runs `apply` in as many processes at once, and gives what each left. */
export function applyAtOnce(checkout: Checkout, urls: readonly string[]): Promise<Run[]> {
  return Promise.all(urls.map((url) => checkout.run(url, "apply", "--json")));
}

/** What ran in a database, file by file: by its own mark, and by the ledger. */
export async function whatRan(database: EmptyDatabase): Promise<{ marks: string[]; ledger: string[] }> {
  const marks = await database.column<string>("select file from mark order by id");
  const ledger = await database.column<string>(
    `select format('%s:%s', namespace, number)
     from plinth_migrate.ledger
     where status = 'applied'
     order by id`,
  );
  return { marks, ledger };
}
