import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { baseBackup } from "./base-backup.ts";
import { checkInteger } from "./check-option.ts";
import { makeFolder } from "./data-folder.ts";
import { TimeoutError } from "./errors.ts";
import { Keeper } from "./kept-process.ts";
import { checkedSettings, type PostgresOptions, PostgresServer } from "./postgres.ts";
import { withSession } from "./session.ts";

export interface ReplicaOptions {
  /** The port through which to follow the primary: a {@link startProxy} proxy's, to cut it off. @defaultValue the primary's own */
  readonly throughPort?: number;
  /** Settings other than the primary's. @defaultValue none */
  readonly settings?: PostgresOptions["settings"];
}

const WAIT_MS = 30_000;
const POLL_MS = 5;

/**
 * Starts a streaming replica of a server that {@link startPostgres} started. It takes reads when this resolves.
 * It ends with this process, or with `close()`, which also drops its slot on the primary.
 *
 * @throws {OptionError} An option is out of its range. Nothing was started.
 * @throws {FolderError} The primary has tablespaces.
 * @throws {ServerStartError} The replica ended at once. Holds its log.
 */
export async function startReplica(primary: PostgresServer, options: ReplicaOptions = {}): Promise<Replica> {
  checkInteger("throughPort", options.throughPort, 1, 65_535);
  const own = checkedSettings(options.settings ?? {});
  const home = join(tmpdir(), `plinth-data-${randomUUID()}`);
  const slot = `plinth_replica_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const keeper = await Keeper.start({ farewell: [{ signal: "SIGQUIT", waitMs: 3_000 }], remove: home });
  try {
    const { account } = primary.programs;
    makeFolder(home, account);
    // Before the backup: the primary must keep the log from its begin on.
    await withSession(primary.url, (session) =>
      session.query("select pg_create_physical_replication_slot($1, true)", [slot]),
    );
    await keeper.hold(baseBackup(primary.url, primary.dataDirectory, join(home, "data"), account));
    const replica = new Replica(keeper, primary, slot, join(home, "data"), {
      ...primary.settings,
      ...own,
      primary_conninfo: `host=127.0.0.1 port=${options.throughPort ?? primary.port} user=postgres application_name=${slot}`,
      primary_slot_name: slot,
    });
    await replica.start();
    return replica;
  } catch (error) {
    await dropSlot(primary, slot);
    await keeper.end();
    throw error;
  }
}

/** A server that follows another until it is promoted. Made by {@link startReplica}. */
export class Replica extends PostgresServer {
  /** The name of its slot on the primary, and its `application_name` there, as in `synchronous_standby_names`. */
  readonly slot: string;
  readonly #primary: PostgresServer;

  /** @internal */
  constructor(
    keeper: Keeper,
    primary: PostgresServer,
    slot: string,
    dataDirectory: string,
    settings: Readonly<Record<string, string>>,
  ) {
    super(keeper, primary.programs, primary.packageVersion, dataDirectory, settings);
    this.slot = slot;
    this.#primary = primary;
  }

  /** Holds back what it receives from its readers until {@link resumeReplay}: a replica that lags behind. */
  async pauseReplay(): Promise<void> {
    await this.#query("select pg_wal_replay_pause()");
    // Asked for at first, and done when the process that replays comes by.
    await this.#until(
      "Replay was not paused",
      "select pg_get_wal_replay_pause_state() = 'paused' as done",
      [],
      WAIT_MS,
    );
  }

  async resumeReplay(): Promise<void> {
    await this.#query("select pg_wal_replay_resume()");
  }

  /**
   * Resolves when its readers see all that the primary had committed when this was called.
   *
   * @throws {TimeoutError} They don't within `waitMs`, by default 30,000.
   */
  async caughtUp({ waitMs = WAIT_MS }: { readonly waitMs?: number } = {}): Promise<void> {
    checkInteger("waitMs", waitMs, 1, 3_600_000);
    const { rows } = await withSession(this.#primary.url, (session) =>
      session.query<{ lsn: string }>("select pg_current_wal_lsn()::text as lsn"),
    );
    await this.#until(
      "The replica did not catch up",
      "select pg_last_wal_replay_lsn() >= $1::pg_lsn as done",
      [rows[0]!.lsn],
      waitMs,
    );
  }

  /** Makes it a server of its own that takes writes. It follows nobody any more; the old primary goes on as it was. */
  async promote(): Promise<void> {
    await this.#query("select pg_promote()");
    await this.#until("The replica was not promoted", "select not pg_is_in_recovery() as done", [], WAIT_MS);
  }

  override async close(): Promise<void> {
    await super.close();
    await dropSlot(this.#primary, this.slot);
  }

  async #query(text: string): Promise<void> {
    await withSession(this.url, (session) => session.query(text));
  }

  async #until(failure: string, text: string, values: unknown[], waitMs: number): Promise<void> {
    const deadline = Date.now() + waitMs;
    await withSession(this.url, async (session) => {
      while ((await session.query<{ done: boolean }>(text, values)).rows[0]?.done !== true) {
        if (Date.now() > deadline) throw new TimeoutError(failure, waitMs);
        await sleep(POLL_MS);
      }
    });
  }
}

/** A slot without its replica would have the primary keep its log for ever. No primary, no slot. */
async function dropSlot(primary: PostgresServer, slot: string): Promise<void> {
  if (primary.pid === undefined) return;
  await withSession(primary.url, async (session) => {
    const ended =
      "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = $1 and active";
    await session.query(ended, [slot]);
    await session.query("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1", [
      slot,
    ]);
  });
}
