import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { CheckViolationError, connect, ForeignKeyViolationError, PermissionDeniedError } from "@plinth/db-core";
import { createMigratedDatabase } from "@plinth/migrate/testing";
import { contract } from "./procedures.gen.ts";

const migrations = new URL("../migrations/", import.meta.url);
const database = await createMigratedDatabase({ migrations, service: "gallery", namespaces: [contract] });
const { gallery } = database.db.procs;
const prints = await connect({ writeUrl: database.urlFor("prints"), service: "prints", namespaces: [contract] });

beforeEach(() => database.truncate());
afterAll(async () => {
  await prints.close();
  await database.drop();
});

const put = (title: string, owner = "ann") => gallery.putPhoto({ owner, title, photographer: "Anon" });

test("a photo comes back as it was put", async () => {
  const details = { f: 2.8, makers: ["Voigtländer"], nothing: null };
  const { id, added } = await gallery.putPhoto({
    owner: "ann",
    title: "Le Gras",
    photographer: "Nicéphore Niépce",
    year: 1827,
    tags: ['a "quoted" tag', "comma, and \\"],
    details,
  });

  expect(added).toBe(true);
  expect(await gallery.getPhoto({ id }, { consistency: "primary" })).toEqual({
    id,
    owner: "ann",
    title: "Le Gras",
    photographer: "Nicéphore Niépce",
    year: 1827,
    tags: ['a "quoted" tag', "comma, and \\"],
    details,
    visibility: "private",
    version: 1n,
    addedAt: expect.any(Date),
  });
});

test("a photo put again is the same photo with new facts", async () => {
  const first = await put("Earthrise");
  const second = await gallery.putPhoto({ owner: "ann", title: "Earthrise", photographer: "William Anders" });

  expect(second).toEqual({ id: first.id, added: false });
  expect(await gallery.getPhoto({ id: first.id })).toMatchObject({ photographer: "William Anders", version: 2n });
});

test("a photo that is not there is undefined", async () => {
  expect(await gallery.getPhoto({ id: 404n })).toBeUndefined();
});

test("a title that is too long is refused, and nothing is written", async () => {
  await expect(put("x".repeat(201))).rejects.toBeInstanceOf(CheckViolationError);
  expect(await gallery.countPhotos({ owner: "ann" })).toBe(0n);
});

test("pages hold every photo of the owner once, in order", async () => {
  for (let n = 1; n <= 7; n++) await put(`photo ${n}`);
  await put("somebody else's", "ben");

  const titles: string[] = [];
  for await (const photo of database.db.iterate.gallery.listPhotos({ owner: "ann" }, { pageSize: 3 }))
    titles.push(photo.title);
  expect(titles).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `photo ${n}`));
});

test("one of two changes of one version wins, the other finds no row", async () => {
  const { id } = await put("Earthrise");
  const outcomes = await Promise.all([
    gallery.setVisibility({ id, version: 1n, visibility: "listed" }),
    gallery.setVisibility({ id, version: 1n, visibility: "private" }),
  ]);
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
});

test("an album holds the photos of its last filling, in the order given", async () => {
  const ids: bigint[] = [];
  for (const title of ["one", "two", "three"]) ids.push((await put(title)).id);
  const albumId = await gallery.putAlbum({ owner: "ann", title: "numbers" });
  await gallery.fillAlbum({ albumId, photoIds: ids });
  await gallery.fillAlbum({ albumId, photoIds: [...ids].reverse().slice(0, 2) });

  expect((await gallery.listAlbum({ albumId })).map((each) => each.title)).toEqual(["three", "two"]);
});

test("eight fillings of one album at once leave one of them whole", async () => {
  const ids: bigint[] = [];
  for (const title of ["one", "two", "three"]) ids.push((await put(title)).id);
  const albumId = await gallery.putAlbum({ owner: "ann", title: "numbers" });
  await Promise.all(Array.from({ length: 8 }, (_, n) => gallery.fillAlbum({ albumId, photoIds: ids.slice(n % 3) })));

  const places = (await gallery.listAlbum({ albumId })).map((each) => each.place);
  expect(places).toEqual(places.map((_, index) => index + 1));
});

test("a transaction that fails leaves neither album nor photo", async () => {
  const failing = database.db.transaction(async (tx) => {
    const { id } = await tx.procs.gallery.putPhoto({ owner: "ann", title: "lost", photographer: "Anon" });
    const albumId = await tx.procs.gallery.putAlbum({ owner: "ann", title: "lost" });
    await tx.procs.gallery.fillAlbum({ albumId, photoIds: [id, 404n] });
  });
  await expect(failing).rejects.toBeInstanceOf(ForeignKeyViolationError);
  expect(await gallery.countPhotos({ owner: "ann" })).toBe(0n);
});

test("the print shop orders what the gallery shows it", async () => {
  const { id } = await put("Earthrise");
  await prints.procs.prints.orderPrint({ photoId: id, customer: "zoe", copies: 3 });

  expect(await prints.procs.gallery.getPhoto({ id })).toMatchObject({ title: "Earthrise" });
  expect(await gallery.countPhotos({ owner: "ann" })).toBe(1n);
  expect(await database.db.procs.prints.getCopies({ photoId: id })).toBe(3n);
});

test("the print shop may not list, change or look into what is the gallery's", async () => {
  const { id } = await put("Earthrise");
  // @ts-expect-error Another service's write procedure is not in the type.
  const write: unknown = prints.procs.gallery.putPhoto;
  expect(typeof write === "function" || write === undefined).toBe(true);

  const change = "select gallery.set_visibility(id_in => $1, version_in => 1, visibility_in => 'private')";
  await expect(prints.query(change, [id])).rejects.toBeInstanceOf(PermissionDeniedError);
  await expect(prints.query("select title from gallery.photo")).rejects.toBeInstanceOf(PermissionDeniedError);
  await expect(prints.procs.gallery.listPhotos({ owner: "ann" })).rejects.toBeInstanceOf(PermissionDeniedError);
});
