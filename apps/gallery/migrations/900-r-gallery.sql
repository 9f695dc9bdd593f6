-- The gallery's procedures. Replaces functions; takes no lock on a table.

-- @proc service=gallery mode=write returns=one since=1
-- Adds a photo, or takes the new facts for one that its owner has under that title already. `added` says which.
-- Locks the one row until commit. May wait for another writer of the same photo.
-- @param year nullable
create or replace function gallery.put_photo(
  owner_in text,
  title_in text,
  photographer_in text,
  year_in smallint default null,
  tags_in text[] default '{}',
  details_in json default '{}'
)
returns table (id bigint, added boolean)
language sql volatile security definer
begin atomic
  insert into gallery.photo as p (owner, title, photographer, year, tags, details)
  values (owner_in, title_in, photographer_in, year_in, tags_in, details_in)
  on conflict (owner, title) do update
  set photographer = excluded.photographer,
      year = excluded.year,
      tags = excluded.tags,
      details = excluded.details,
      version = p.version + 1
  returning p.id, p.version = 1;
end;

-- @proc service=gallery mode=read returns=maybe since=1
-- One photo, or no row for a photo that is not there. Takes no lock.
-- @column year nullable
-- @column details json
create or replace function gallery.get_photo(id_in bigint)
returns table (
  id bigint,
  owner text,
  title text,
  photographer text,
  year smallint,
  tags text[],
  details json,
  visibility gallery.visibility,
  version bigint,
  added_at timestamptz
)
language sql stable security definer
begin atomic
  select p.id, p.owner, p.title, p.photographer, p.year, p.tags, p.details, p.visibility, p.version, p.added_at
  from gallery.photo p
  where p.id = id_in;
end;

-- @proc service=gallery mode=read returns=many since=1
-- An owner's photos, oldest first, a page at a time. No row: there are no more. Takes no lock.
-- @param after_id nullable
-- @column year nullable
create or replace function gallery.list_photos(
  owner_in text,
  after_id_in bigint default null,
  page_size_in integer default 100
)
returns table (id bigint, title text, photographer text, year smallint, tags text[])
language sql stable security definer
begin atomic
  select p.id, p.title, p.photographer, p.year, p.tags
  from gallery.photo p
  where p.owner = owner_in
    and p.id > coalesce(after_id_in, 0)
  order by p.id
  limit page_size_in;
end;

-- @proc service=gallery mode=read returns=scalar since=1
-- How many photos an owner has. Takes no lock.
create or replace function gallery.count_photos(owner_in text)
returns bigint
language sql stable security definer
begin atomic
  select count(*)
  from gallery.photo p
  where p.owner = owner_in;
end;

-- @proc service=gallery mode=write returns=maybe since=1
-- Shows or hides a photo if nobody has changed it since the caller read it. No row: somebody has, or it is gone; nothing was written.
-- Locks the row until commit. May wait for another writer of the same photo.
create or replace function gallery.set_visibility(id_in bigint, version_in bigint, visibility_in gallery.visibility)
returns table (version bigint)
language sql volatile security definer
begin atomic
  update gallery.photo p
  set visibility = visibility_in, version = p.version + 1
  where p.id = id_in
    and p.version = version_in
  returning p.version;
end;

-- @proc service=gallery mode=write returns=scalar since=1
-- The id of the owner's album of that title, made if it is not there.
-- Locks the one row until commit. May wait for another writer of the same album.
create or replace function gallery.put_album(owner_in text, title_in text)
returns bigint
language sql volatile security definer
begin atomic
  insert into gallery.album as a (owner, title)
  values (owner_in, title_in)
  on conflict (owner, title) do update set title = excluded.title
  returning a.id;
end;

-- @proc service=gallery mode=write returns=void since=1 waits
-- Puts photos into an album in the order given, in place of what it held.
-- Locks the album's row until commit, so that two calls for one album don't mix. Waits for another such call.
create or replace function gallery.fill_album(album_id_in bigint, photo_ids_in bigint[])
returns void
language sql volatile security definer
begin atomic
  select a.id
  from gallery.album a
  where a.id = album_id_in
  for update;

  delete from gallery.album_photo ap
  where ap.album_id = album_id_in;

  insert into gallery.album_photo (album_id, photo_id, place)
  select album_id_in, ids.photo_id, ids.place
  from unnest(photo_ids_in) with ordinality as ids (photo_id, place);
end;

-- @proc service=gallery mode=read returns=many since=1
-- The photos of an album, in its order, a page at a time. Takes no lock.
-- @param after_place nullable
create or replace function gallery.list_album(
  album_id_in bigint,
  after_place_in integer default null,
  page_size_in integer default 100
)
returns table (place integer, photo_id bigint, title text)
language sql stable security definer
begin atomic
  select ap.place, ap.photo_id, p.title
  from gallery.album_photo ap
  join gallery.photo p on p.id = ap.photo_id
  where ap.album_id = album_id_in
    and ap.place > coalesce(after_place_in, 0)
  order by ap.place
  limit page_size_in;
end;
