// The first run: a server, migrations, two services with roles of their own, and what they did.
import { startFirstServer } from "./first-server.ts";
import { runGallery } from "./gallery-service.ts";
import { migrate } from "./migrations.ts";
import { prepareDatabase } from "./operator.ts";
import { runPrints } from "./prints-service.ts";
import { chapter, line, timed } from "./story.ts";

const { result: server, took } = await timed(startFirstServer);
try {
  chapter("A server", `up in ${took}`);
  line(`Postgres ${server.packageVersion.split("-")[0]} on ${server.url}`);
  line(`data in ${server.dataDirectory}`, "kept; npm run clean removes it");

  const addresses = await prepareDatabase(server.url);
  chapter("Migrations", "the operator made the database and the roles; every file runs as plinth_owner");
  await migrate(addresses.operator);

  chapter("The gallery", "role plinth_gallery: may call its procedures, and touch no table");
  const { photoId } = await runGallery(addresses.gallery, addresses.gallery);

  chapter("The print shop", "role plinth_prints: its own procedures, and the gallery's get_*");
  await runPrints(addresses.prints, photoId);
} finally {
  await server.stop();
}
chapter("Done", "the server is stopped; run it again to see what was kept");
