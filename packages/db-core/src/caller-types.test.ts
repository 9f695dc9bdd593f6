// What the compiler accepts. `tsc -p tsconfig.json` is what proves it: each line that must not compile says so.
import { expect, test } from "@jest/globals";
import { connect } from "./connect.ts";
import { type Contract, defineContract } from "./contract.ts";
import { createCoalescer } from "./create-coalescer.ts";
import type { Caller, Database, Iterate, Procedure, ProcedureOptional } from "./database.ts";

interface Photo {
  readonly id: bigint;
  readonly title: string;
}

interface GalleryTypes {
  readonly shared: {
    readonly gallery: {
      readonly getPhoto: Procedure<{ readonly id: bigint | number }, Photo | undefined>;
      readonly listPhotos: ProcedureOptional<{ readonly owner?: string }, Photo[]>;
    };
  };
  readonly services: {
    readonly gallery: {
      readonly gallery: { readonly addPhoto: Procedure<{ readonly title: string }, { readonly id: bigint }> };
    };
    readonly prints: { readonly gallery: { readonly addPrint: Procedure<{ readonly photo: bigint }, void> } };
  };
  readonly iterate: { readonly gallery: { readonly listPhotos: Iterate<{ readonly owner: string }, Photo> } };
}

interface KvTypes {
  readonly shared: { readonly kv: { readonly get: Procedure<{ readonly key: string }, unknown> } };
  readonly services: object;
  readonly iterate: object;
}

const gallery: Contract<GalleryTypes> = defineContract({ name: "gallery", version: 1, migrations: "", procedures: {} });
const kv: Contract<KvTypes> = defineContract({ name: "kv", version: 1, migrations: "", procedures: {} });

const connectGallery = () => connect({ service: "gallery", namespaces: [gallery, kv] });
const connectPrints = () => connect({ service: "prints", namespaces: [gallery, kv] });
const connectNobody = () => connect({ namespaces: [gallery] });
const connectProceduresOnly = () => connect({ namespaces: [kv], proceduresOnly: true });
const connectBare = () => connect();

const gathering = {
  label: "gallery.addPhoto",
  key: (title: string) => title,
  sizeBytes: (title: string) => title.length,
  keyOf: ({ id }: { readonly id: bigint }) => String(id),
};

type Connected<Connect extends () => Promise<unknown>> = Awaited<ReturnType<Connect>>;

/** Checked by the compiler, never run. */
const checks = {
  async own(db: Connected<typeof connectGallery>) {
    const photo: Photo | undefined = await db.procs.gallery.getPhoto({ id: 1n }, { consistency: "primary" });
    const photos: Photo[] = await db.procs.gallery.listPhotos();
    const { id }: { readonly id: bigint } = await db.procs.gallery.addPhoto({ title: "x" });
    const value: unknown = await db.procs.kv.get({ key: "k" });
    for await (const each of db.iterate.gallery.listPhotos({ owner: "ann" }, { pageSize: 10 })) photos.push(each);
    await db.transaction(async (tx) => {
      await tx.procs.gallery.addPhoto({ title: "x" });
      await tx.query("select 1");
      await tx.transaction(async (nested) => nested.query("select 1"));
    });
    const own: Promise<Photo | undefined> = db.procsOf(gallery).gallery.getPhoto({ id: 1 });
    await db.procsOf(gallery).gallery.addPhoto({ title: "x" });
    await db.transaction((tx) => tx.procsOf(gallery).gallery.addPhoto({ title: "x" }));
    for await (const each of db.iterateOf(gallery).gallery.listPhotos({ owner: "ann" })) photos.push(each);
    createCoalescer(db, gallery, {
      ...gathering,
      run: async (procs, [title = ""]: readonly string[]) => [await procs.gallery.addPhoto({ title })],
    });
    return [photo, photos, id, value, own];
  },

  async foreign(db: Connected<typeof connectPrints>) {
    await db.procs.gallery.addPrint({ photo: 1n });
    await db.procs.gallery.getPhoto({ id: 1n });
    // @ts-expect-error -- another service's write procedure
    await db.procs.gallery.addPhoto({ title: "x" });
    // @ts-expect-error -- nor in a transaction
    await db.transaction((tx) => tx.procs.gallery.addPhoto({ title: "x" }));
    // @ts-expect-error -- nor by its contract
    await db.procsOf(gallery).gallery.addPhoto({ title: "x" });
    createCoalescer(db, gallery, {
      ...gathering,
      // @ts-expect-error -- nor gathered
      run: async (procs, [title = ""]: readonly string[]) => [await procs.gallery.addPhoto({ title })],
    });
  },

  async nobody(db: Connected<typeof connectNobody>) {
    await db.procs.gallery.getPhoto({ id: 1n });
    // @ts-expect-error -- a write procedure of a service, and this is none
    await db.procs.gallery.addPhoto({ title: "x" });
    // @ts-expect-error -- a contract that was not given
    await db.procs.kv.get({ key: "k" });
  },

  async wrong(db: Connected<typeof connectGallery>) {
    // @ts-expect-error -- a misspelt argument
    await db.procs.gallery.getPhoto({ ident: 1n });
    // @ts-expect-error -- an argument of another type
    await db.procs.gallery.getPhoto({ id: "1" });
    // @ts-expect-error -- an argument missing
    await db.procs.gallery.getPhoto();
    // @ts-expect-error -- a misspelt option
    await db.procs.gallery.getPhoto({ id: 1n }, { consistent: "primary" });
    // @ts-expect-error -- a misspelt option of connect
    connect({ poolMaximum: 5 });
  },

  async proceduresOnly(db: Connected<typeof connectProceduresOnly>) {
    await db.procs.kv.get({ key: "k" });
    // @ts-expect-error -- no plain SQL
    await db.query("select 1");
    // @ts-expect-error -- nor in a transaction
    await db.transaction((tx) => tx.query("select 1"));
  },

  async bare(db: Connected<typeof connectBare>) {
    await db.query("select 1");
    // @ts-expect-error -- no contracts, no procedures
    db.procs.gallery;
  },

  packagesTakeAnyOfThem(
    withAll: Connected<typeof connectGallery>,
    withoutQuery: Connected<typeof connectProceduresOnly>,
    bare: Connected<typeof connectBare>,
  ) {
    const takes = (on: Caller): unknown => on.procsOf(kv).kv.get({ key: "k" });
    const database: Database = withAll;
    const disposable: AsyncDisposable = withoutQuery;
    const list = (on: Caller): unknown => on.iterateOf(gallery).gallery.listPhotos({ owner: "ann" });
    // @ts-expect-error -- whoever may be calling, it is not a service for sure
    const writes = (on: Caller): unknown => on.procsOf(gallery).gallery.addPhoto({ title: "x" });
    void withAll.transaction(async (tx) => takes(tx));
    void withoutQuery.transaction(async (tx) => takes(tx));
    return [takes(withAll), takes(withoutQuery), takes(bare), database, disposable, list(withAll), writes(withAll)];
  },
};

test("what compiles is what may be called", () => {
  expect(Object.keys(checks)).toHaveLength(7);
});
