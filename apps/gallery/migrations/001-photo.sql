-- Photos and albums. Creates only; locks nothing that exists.

create schema gallery;

create type gallery.visibility as enum ('private', 'listed');

create table gallery.photo (
  id bigint generated always as identity primary key,

  -- The owner is whoever the application says: a user's name here.
  owner text collate "C" not null check (octet_length(owner) between 1 and 200),

  title text not null check (char_length(title) between 1 and 200),
  photographer text not null check (char_length(photographer) between 1 and 200),
  year smallint check (year between 1800 and 2200),
  tags text[] not null default '{}' check (cardinality(tags) <= 32),

  -- What a camera or an archive says of it. json, not jsonb: handed back as it came.
  details json not null default '{}' check (octet_length(details::text) <= 16384),

  visibility gallery.visibility not null default 'private',
  version bigint not null default 1,
  added_at timestamptz not null default now(),

  unique (owner, title)
)
-- A change of visibility touches no indexed column. Room on each page keeps it there (HOT).
with (fillfactor = 90);

-- Lists go by owner, in the order in which photos were added.
create index photo_owner on gallery.photo (owner, id);

create table gallery.album (
  id bigint generated always as identity primary key,
  owner text collate "C" not null check (octet_length(owner) between 1 and 200),
  title text not null check (char_length(title) between 1 and 200),
  unique (owner, title)
);

create table gallery.album_photo (
  album_id bigint not null references gallery.album on delete cascade,
  photo_id bigint not null references gallery.photo on delete cascade,
  place integer not null check (place between 1 and 10000),
  primary key (album_id, place),
  unique (album_id, photo_id)
);

-- Deleting a photo looks for the albums that hold it.
create index album_photo_photo on gallery.album_photo (photo_id);
