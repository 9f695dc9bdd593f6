import { createTestDatabase, type TestDatabase } from "@plinth/testing";
import pg from "pg";

/** A database that was never migrated, and a way to look into it past all that is tested. */
export class EmptyDatabase implements AsyncDisposable {
  readonly url: string;
  readonly #test: TestDatabase;
  readonly #clients: pg.Client[] = [];
  #looking: Promise<pg.Client> | undefined;

  private constructor(test: TestDatabase) {
    this.#test = test;
    this.url = test.url;
  }

  /** With roles that can log in, on a server other than the one that all tests share. */
  static async create(options: { roles?: readonly string[]; server?: string } = {}): Promise<EmptyDatabase> {
    return new EmptyDatabase(await createTestDatabase({ key: "foundation", prepare: async () => {}, ...options }));
  }

  get name(): string {
    return this.#test.name;
  }

  get roles(): Readonly<Record<string, string>> {
    return this.#test.roles;
  }

  urlFor(role: string): string {
    return this.#test.urlFor(role);
  }

  /** A connection that lasts as long as the database. */
  async client(url: string = this.url): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url, application_name: "somebody" });
    client.on("error", () => {});
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async rows<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    this.#looking ??= this.client();
    return (await (await this.#looking).query<Row>(text, [...values])).rows;
  }

  /** The first column of every row. */
  async column<Value>(text: string, values: readonly unknown[] = []): Promise<Value[]> {
    return (await this.rows<Record<string, Value>>(text, values)).map((row) => Object.values(row)[0]!);
  }

  /** Resolves when the statement gives true. */
  async until(text: string, values: readonly unknown[] = []): Promise<void> {
    const deadline = Date.now() + 30_000;
    while ((await this.column<boolean>(text, values))[0] !== true) {
      if (Date.now() > deadline) throw new Error(`never true: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => {})));
    await this.#test.drop();
  }
}
