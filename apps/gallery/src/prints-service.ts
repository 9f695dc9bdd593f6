import { connect, PermissionDeniedError } from "@plinth/db-core";
import { contract } from "./procedures.gen.ts";
import { line } from "./story.ts";

/** The print shop at work, as a role of its own: it may read the gallery's photos, and touch nothing else of it. */
export async function runPrints(writeUrl: string, photoId: bigint): Promise<void> {
  const db = await connect({ writeUrl, service: "prints", namespaces: [contract] });
  try {
    const photo = await db.procs.gallery.getPhoto({ id: photoId });
    const order = await db.procs.prints.orderPrint({ photoId, customer: "zoe", copies: 2 });
    line(
      `ordered two prints of ${photo?.title}`,
      `order ${order}; ${await db.procs.prints.getCopies({ photoId })} copies ordered in all`,
    );

    // `db.procs.gallery.putPhoto` does not compile here: it is the gallery's own. Past the compiler, the database says the same.
    await refused("change a photo, with the gallery's procedure", () =>
      db.query("select gallery.set_visibility(id_in => $1, version_in => 1, visibility_in => 'private')", [photoId]),
    );
    await refused("read the gallery's table", () => db.query("select title from gallery.photo"));
  } finally {
    await db.close();
  }
}

async function refused(what: string, attempt: () => Promise<unknown>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof PermissionDeniedError)) throw error;
    line(`may not ${what}`, "refused by the database");
    return;
  }
  throw new Error(`the print shop could ${what}`);
}
