// Made by plinth-migrate types, of the catalog of a migrated database. Changes belong into the migrations.

import { fileURLToPath } from "node:url";
import { type Contract, defineContract, type Iterate, type Json, type Procedure } from "@plinth/db-core";

export type GalleryVisibility = "private" | "listed";

/** A row of gallery.get_photo. */
export interface GalleryGetPhotoRow {
  readonly id: bigint;
  readonly owner: string;
  readonly title: string;
  readonly photographer: string;
  readonly year: number | null;
  readonly tags: string[];
  readonly details: Json;
  readonly visibility: GalleryVisibility;
  readonly version: bigint;
  readonly addedAt: Date;
}

/** A row of gallery.list_album. */
export interface GalleryListAlbumRow {
  readonly place: number;
  readonly photoId: bigint;
  readonly title: string;
}

/** A row of gallery.list_photos. */
export interface GalleryListPhotosRow {
  readonly id: bigint;
  readonly title: string;
  readonly photographer: string;
  readonly year: number | null;
  readonly tags: string[];
}

/** A row of gallery.put_photo. */
export interface GalleryPutPhotoRow {
  readonly id: bigint;
  readonly added: boolean;
}

/** A row of gallery.set_visibility. */
export interface GallerySetVisibilityRow {
  readonly version: bigint;
}

/** A row of prints.list_prints. */
export interface PrintsListPrintsRow {
  readonly id: bigint;
  readonly photoId: bigint;
  readonly copies: number;
  readonly orderedAt: Date;
}

/** The procedures of gallery that whoever may use the namespace may call. */
export interface GalleryProcedures {
  /** How many photos an owner has. Takes no lock. */
  readonly countPhotos: Procedure<{ owner: string }, bigint>;
  /** One photo, or no row for a photo that is not there. Takes no lock. */
  readonly getPhoto: Procedure<{ id: bigint }, GalleryGetPhotoRow | undefined>;
  /** The photos of an album, in its order, a page at a time. Takes no lock. */
  readonly listAlbum: Procedure<
    {
      albumId: bigint;
      afterPlace?: number | null | undefined;
      pageSize?: number | undefined;
    },
    GalleryListAlbumRow[]
  >;
  /** An owner's photos, oldest first, a page at a time. No row: there are no more. Takes no lock. */
  readonly listPhotos: Procedure<
    {
      owner: string;
      afterId?: bigint | null | undefined;
      pageSize?: number | undefined;
    },
    GalleryListPhotosRow[]
  >;
}

/** The procedures of gallery that only the service gallery may call. */
export interface GalleryWrites {
  /**
   * Puts photos into an album in the order given, in place of what it held.
   * Locks the album's row until commit, so that two calls for one album don't mix. Waits for another such call.
   */
  readonly fillAlbum: Procedure<{ albumId: bigint; photoIds: readonly bigint[] }, void>;
  /**
   * The id of the owner's album of that title, made if it is not there.
   * Locks the one row until commit. May wait for another writer of the same album.
   */
  readonly putAlbum: Procedure<{ owner: string; title: string }, bigint>;
  /**
   * Adds a photo, or takes the new facts for one that its owner has under that title already. `added` says which.
   * Locks the one row until commit. May wait for another writer of the same photo.
   */
  readonly putPhoto: Procedure<
    {
      owner: string;
      title: string;
      photographer: string;
      year?: number | null | undefined;
      tags?: readonly string[] | undefined;
      details?: Json | undefined;
    },
    GalleryPutPhotoRow
  >;
  /**
   * Shows or hides a photo if nobody has changed it since the caller read it. No row: somebody has, or it is gone; nothing was written.
   * Locks the row until commit. May wait for another writer of the same photo.
   */
  readonly setVisibility: Procedure<
    {
      id: bigint;
      version: bigint;
      visibility: GalleryVisibility;
    },
    GallerySetVisibilityRow | undefined
  >;
}

/** The lists of gallery that are read page by page. */
export interface GalleryLists {
  /** The photos of an album, in its order, a page at a time. Takes no lock. */
  readonly listAlbum: Iterate<{ albumId: bigint }, GalleryListAlbumRow>;
  /** An owner's photos, oldest first, a page at a time. No row: there are no more. Takes no lock. */
  readonly listPhotos: Iterate<{ owner: string }, GalleryListPhotosRow>;
}

/** The procedures of prints that whoever may use the namespace may call. */
export interface PrintsProcedures {
  /** How many copies of a photo were ever ordered. Takes no lock. */
  readonly getCopies: Procedure<{ photoId: bigint }, bigint>;
  /** A customer's orders, oldest first, a page at a time. Takes no lock. */
  readonly listPrints: Procedure<
    {
      customer: string;
      afterId?: bigint | null | undefined;
      pageSize?: number | undefined;
    },
    PrintsListPrintsRow[]
  >;
}

/** The procedures of prints that only the service prints may call. */
export interface PrintsWrites {
  /**
   * Orders prints of a photo, and gives the order's id. A photo that is not there is a foreign key violation; nothing was written.
   * Locks the photo's row against deletion until commit.
   */
  readonly orderPrint: Procedure<{ photoId: bigint; customer: string; copies?: number | undefined }, bigint>;
}

/** The lists of prints that are read page by page. */
export interface PrintsLists {
  /** A customer's orders, oldest first, a page at a time. Takes no lock. */
  readonly listPrints: Iterate<{ customer: string }, PrintsListPrintsRow>;
}

/** The callers of the contract, by schema. */
export interface Types {
  readonly shared: {
    readonly gallery: GalleryProcedures;
    readonly prints: PrintsProcedures;
  };
  readonly services: {
    readonly gallery: { readonly gallery: GalleryWrites; };
    readonly prints: { readonly prints: PrintsWrites; };
  };
  readonly iterate: {
    readonly gallery: GalleryLists;
    readonly prints: PrintsLists;
  };
}

/** What @plinth/gallery contributes to the schema registry, at version 2. */
export const contract: Contract<Types> = defineContract<Types>({
  name: "@plinth/gallery",
  version: 2,
  migrations: fileURLToPath(new URL("../migrations", import.meta.url)),
  procedures: {
    gallery: {
      countPhotos: {
        schema: "gallery",
        name: "count_photos",
        mode: "read",
        returns: "scalar",
        args: [
          ["owner", "owner_in", "text"],
        ],
        columns: [
          ["countPhotos", "count_photos", "bigint"],
        ],
      },
      fillAlbum: {
        schema: "gallery",
        name: "fill_album",
        mode: "write",
        returns: "void",
        waits: true,
        service: "gallery",
        args: [
          ["albumId", "album_id_in", "bigint"],
          ["photoIds", "photo_ids_in", "bigint[]"],
        ],
        columns: [],
      },
      getPhoto: {
        schema: "gallery",
        name: "get_photo",
        mode: "read",
        returns: "maybe",
        args: [
          ["id", "id_in", "bigint"],
        ],
        columns: [
          ["id", "id", "bigint"],
          ["owner", "owner", "text"],
          ["title", "title", "text"],
          ["photographer", "photographer", "text"],
          ["year", "year", "smallint"],
          ["tags", "tags", "text[]"],
          ["details", "details", "json"],
          ["visibility", "visibility", "gallery.visibility"],
          ["version", "version", "bigint"],
          ["addedAt", "added_at", "timestamp with time zone"],
        ],
      },
      listAlbum: {
        schema: "gallery",
        name: "list_album",
        mode: "read",
        returns: "many",
        args: [
          ["albumId", "album_id_in", "bigint"],
          ["afterPlace", "after_place_in", "integer", true],
          ["pageSize", "page_size_in", "integer", true],
        ],
        columns: [
          ["place", "place", "integer"],
          ["photoId", "photo_id", "bigint"],
          ["title", "title", "text"],
        ],
        keyset: ["place"],
      },
      listPhotos: {
        schema: "gallery",
        name: "list_photos",
        mode: "read",
        returns: "many",
        args: [
          ["owner", "owner_in", "text"],
          ["afterId", "after_id_in", "bigint", true],
          ["pageSize", "page_size_in", "integer", true],
        ],
        columns: [
          ["id", "id", "bigint"],
          ["title", "title", "text"],
          ["photographer", "photographer", "text"],
          ["year", "year", "smallint"],
          ["tags", "tags", "text[]"],
        ],
        keyset: ["id"],
      },
      putAlbum: {
        schema: "gallery",
        name: "put_album",
        mode: "write",
        returns: "scalar",
        service: "gallery",
        args: [
          ["owner", "owner_in", "text"],
          ["title", "title_in", "text"],
        ],
        columns: [
          ["putAlbum", "put_album", "bigint"],
        ],
      },
      putPhoto: {
        schema: "gallery",
        name: "put_photo",
        mode: "write",
        returns: "one",
        service: "gallery",
        args: [
          ["owner", "owner_in", "text"],
          ["title", "title_in", "text"],
          ["photographer", "photographer_in", "text"],
          ["year", "year_in", "smallint", true],
          ["tags", "tags_in", "text[]", true],
          ["details", "details_in", "json", true],
        ],
        columns: [
          ["id", "id", "bigint"],
          ["added", "added", "boolean"],
        ],
      },
      setVisibility: {
        schema: "gallery",
        name: "set_visibility",
        mode: "write",
        returns: "maybe",
        service: "gallery",
        args: [
          ["id", "id_in", "bigint"],
          ["version", "version_in", "bigint"],
          ["visibility", "visibility_in", "gallery.visibility"],
        ],
        columns: [
          ["version", "version", "bigint"],
        ],
      },
    },
    prints: {
      getCopies: {
        schema: "prints",
        name: "get_copies",
        mode: "read",
        returns: "scalar",
        args: [
          ["photoId", "photo_id_in", "bigint"],
        ],
        columns: [
          ["getCopies", "get_copies", "bigint"],
        ],
      },
      listPrints: {
        schema: "prints",
        name: "list_prints",
        mode: "read",
        returns: "many",
        args: [
          ["customer", "customer_in", "text"],
          ["afterId", "after_id_in", "bigint", true],
          ["pageSize", "page_size_in", "integer", true],
        ],
        columns: [
          ["id", "id", "bigint"],
          ["photoId", "photo_id", "bigint"],
          ["copies", "copies", "integer"],
          ["orderedAt", "ordered_at", "timestamp with time zone"],
        ],
        keyset: ["id"],
      },
      orderPrint: {
        schema: "prints",
        name: "order_print",
        mode: "write",
        returns: "scalar",
        service: "prints",
        args: [
          ["photoId", "photo_id_in", "bigint"],
          ["customer", "customer_in", "text"],
          ["copies", "copies_in", "integer", true],
        ],
        columns: [
          ["orderPrint", "order_print", "bigint"],
        ],
      },
    },
  },
});
