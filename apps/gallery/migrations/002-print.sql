-- Orders of prints, kept by a service of its own. Creates a table that references gallery.photo: takes a SHARE ROW EXCLUSIVE lock on
-- gallery.photo until commit, so writers of photos wait that long; readers don't.

create schema prints;

create table prints.print (
  id bigint generated always as identity primary key,
  photo_id bigint not null references gallery.photo,
  customer text collate "C" not null check (octet_length(customer) between 1 and 200),
  copies integer not null check (copies between 1 and 1000),
  ordered_at timestamptz not null default now()
);

create index print_customer on prints.print (customer, id);
create index print_photo on prints.print (photo_id);
