import { Checkout } from "./checkout.ts";
import type { RunningCli } from "./cli.ts";
import { EmptyDatabase } from "./empty-database.ts";

/** Sleeps until somebody opens the gate or ends it. */
const HOLD = "select pg_sleep(600) where not exists (select from gate where open);";

/** A database with an application whose second file holds up who migrates until the gate is opened. */
export class HeldMigration implements AsyncDisposable {
  readonly database: EmptyDatabase;
  readonly checkout: Checkout;
  readonly #started: RunningCli[] = [];

  private constructor(database: EmptyDatabase, checkout: Checkout) {
    this.database = database;
    this.checkout = checkout;
  }

  /** `directive`: what stands at the head of the file that is held. */
  static async create(directive = ""): Promise<HeldMigration> {
    const checkout = Checkout.with({ "migrations/001-gate.sql": "create table gate (open boolean);" });
    const made = new HeldMigration(await EmptyDatabase.create(), checkout);
    await made.checkout.run(made.database.url, "apply");
    checkout.write({
      "migrations/002-held.sql": `${directive}\ncreate table before_it (id bigint);\n${HOLD}\ncreate table after_it (id bigint);\n`,
      "migrations/003-last.sql": "create table last (id bigint);",
    });
    return made;
  }

  /** Starts a migrator, and resolves when it is held. */
  async start(): Promise<RunningCli> {
    const running = this.checkout.start(this.database.url, "apply");
    this.#started.push(running);
    await this.database.until(
      `select count(*) = 1
       from pg_stat_activity a
       where a.wait_event = 'PgSleep'
         and a.datname = current_database()`,
    );
    return running;
  }

  /** The server process that a held migrator sleeps in. */
  async holderPid(): Promise<number> {
    const [pid] = await this.database.column<number>(
      "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
    );
    return pid!;
  }

  async openGate(): Promise<void> {
    await this.database.rows("insert into gate (open) values (true)");
  }

  /** Which of the tables that the held files make are there. */
  tables(): Promise<string[]> {
    return this.database.column<string>(
      `select relname::text
       from pg_class
       where relname in ('before_it', 'after_it', 'last')
       order by relname`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#started) process.kill("SIGKILL");
    await this.database[Symbol.asyncDispose]();
    this.checkout[Symbol.dispose]();
  }
}
