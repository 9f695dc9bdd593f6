import { connect } from "@plinth/db-core";
import { readArchive } from "./archive.ts";
import { contract } from "./procedures.gen.ts";
import { line, timed } from "./story.ts";

/** What the gallery tells the print shop: which photo sells. */
export interface Shown {
  readonly photoId: bigint;
}

/** The gallery at work, as its own role: writes through the write pool, reads through the read pool. */
export async function runGallery(writeUrl: string, readUrl: string): Promise<Shown> {
  const db = await connect({ writeUrl, readUrl, service: "gallery", namespaces: [contract], proceduresOnly: true });
  try {
    const archive = await readArchive();

    const put = await timed(() => Promise.all(archive.map((photo) => db.procs.gallery.putPhoto(photo))));
    const added = put.result.filter((photo) => photo.added).length;
    line(`put ${archive.length} photos`, `${added} new, ${archive.length - added} known, in ${put.took}`);

    const owner = "eve";
    const titles = new Map<string, bigint>();
    for await (const photo of db.iterate.gallery.listPhotos({ owner }, { pageSize: 3, consistency: "primary" })) {
      titles.set(photo.title, photo.id);
    }
    line(
      `listed ${owner}'s photos, three a page`,
      `${titles.size} of ${await db.procs.gallery.countPhotos({ owner })}`,
    );

    const space = ["Earthrise", "The Blue Marble", "Pale Blue Dot"].map((title) => titles.get(title) ?? 0n);
    const album = await db.transaction(async (tx) => {
      const albumId = await tx.procs.gallery.putAlbum({ owner, title: "Earth, from further and further away" });
      await tx.procs.gallery.fillAlbum({ albumId, photoIds: space });
      return albumId;
    });
    const shown: string[] = [];
    for await (const each of db.iterate.gallery.listAlbum({ albumId: album })) shown.push(each.title);
    line("filled an album in one transaction", shown.join(", "));

    const photoId = space[0] ?? 0n;
    const photo = await db.procs.gallery.getPhoto({ id: photoId });
    if (photo === undefined) throw new Error(`photo ${photoId} was put and is not there`);
    const [first, second] = await Promise.all([
      db.procs.gallery.setVisibility({ id: photoId, version: photo.version, visibility: "listed" }),
      db.procs.gallery.setVisibility({ id: photoId, version: photo.version, visibility: "private" }),
    ]);
    const won = [first, second].filter((outcome) => outcome !== undefined).length;
    line("two changes of one version at once", `${won} won, ${2 - won} told to read again`);
    line(`${photo.title}, ${photo.photographer}, ${photo.year}`, JSON.stringify(photo.details));

    const calls = 2_000;
    const read = await timed(() =>
      Promise.all(Array.from({ length: calls }, (_, n) => db.procs.gallery.getPhoto({ id: space[n % 3] ?? 0n }))),
    );
    line(
      `read ${calls.toLocaleString("en")} photos, one call each`,
      `${read.took}, all at once over a few connections`,
    );
    return { photoId };
  } finally {
    await db.close();
  }
}
