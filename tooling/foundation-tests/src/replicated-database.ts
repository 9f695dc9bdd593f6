import { createMigratedDatabase, type MigratedDatabase } from "@plinth/migrate/testing";
import { type PostgresServer, type Replica, startPostgres, startReplica } from "@plinth/testing";

/** A migrated database on a server of its own, and on a replica of that. */
export class ReplicatedDatabase implements AsyncDisposable {
  readonly primary: PostgresServer;
  readonly replica: Replica;
  readonly url: string;
  readonly replicaUrl: string;
  readonly #database: MigratedDatabase;

  private constructor(primary: PostgresServer, replica: Replica, database: MigratedDatabase) {
    this.primary = primary;
    this.replica = replica;
    this.#database = database;
    this.url = database.url;
    const url = new URL(database.url);
    url.port = String(replica.port);
    this.replicaUrl = url.href;
  }

  static async create(migrations: string): Promise<ReplicatedDatabase> {
    const primary = await startPostgres();
    const replica = await startReplica(primary);
    const database = await createMigratedDatabase({ migrations, server: primary.url });
    await replica.caughtUp();
    return new ReplicatedDatabase(primary, replica, database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A replica that holds back the drop of a database would be waited for.
    await this.replica.resumeReplay();
    await this.#database.drop();
    await this.replica.close();
    await this.primary.close();
  }
}
