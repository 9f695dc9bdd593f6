import { Checkout } from "./checkout.ts";
import { EmptyDatabase } from "./empty-database.ts";

/** The diary, checked out for a database whose server has its roles: an owner who cannot log in, and two services. */
export class OwnedApplication implements AsyncDisposable {
  readonly database: EmptyDatabase;
  readonly checkout: Checkout;

  private constructor(database: EmptyDatabase, checkout: Checkout) {
    this.database = database;
    this.checkout = checkout;
  }

  static async create(): Promise<OwnedApplication> {
    const database = await EmptyDatabase.create({ roles: ["diary", "billing", "owner"] });
    const { owner, diary } = database.roles;
    await database.rows(`alter role ${owner} nologin`);
    await database.rows(`grant create on database ${database.name} to ${owner}`);
    const checkout = Checkout.of("diary")
      .edit("access.json", '"rolePrefix": ""', `"rolePrefix": "${diary!.slice(0, -"diary".length)}"`)
      .edit("access.json", "diary_owner", owner!);
    return new OwnedApplication(database, checkout);
  }

  get url(): string {
    return this.database.url;
  }

  /** The procedures that a service may execute, the service itself and PUBLIC together. */
  executable(service: string): Promise<string[]> {
    return this.database.column<string>(
      `select format('%s.%s', n.nspname, p.proname)
       from pg_proc p
       join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ('diary', 'billing', 'plinth_notes', 'plinth_core', 'plinth_migrate')
         and has_schema_privilege($1, n.oid, 'usage')
         and has_function_privilege($1, p.oid, 'execute')
       order by 1`,
      [this.database.roles[service]],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.checkout[Symbol.dispose]();
    await this.database[Symbol.asyncDispose]();
  }
}
