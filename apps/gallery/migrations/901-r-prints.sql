-- The print shop's procedures. Replaces functions; takes no lock on a table.

-- @proc service=prints mode=write returns=scalar since=2
-- Orders prints of a photo, and gives the order's id. A photo that is not there is a foreign key violation; nothing was written.
-- Locks the photo's row against deletion until commit.
create or replace function prints.order_print(photo_id_in bigint, customer_in text, copies_in integer default 1)
returns bigint
language sql volatile security definer
begin atomic
  insert into prints.print (photo_id, customer, copies)
  values (photo_id_in, customer_in, copies_in)
  returning id;
end;

-- @proc service=prints mode=read returns=many since=2
-- A customer's orders, oldest first, a page at a time. Takes no lock.
-- @param after_id nullable
create or replace function prints.list_prints(
  customer_in text,
  after_id_in bigint default null,
  page_size_in integer default 100
)
returns table (id bigint, photo_id bigint, copies integer, ordered_at timestamptz)
language sql stable security definer
begin atomic
  select o.id, o.photo_id, o.copies, o.ordered_at
  from prints.print o
  where o.customer = customer_in
    and o.id > coalesce(after_id_in, 0)
  order by o.id
  limit page_size_in;
end;

-- @proc service=prints mode=read returns=scalar since=2
-- How many copies of a photo were ever ordered. Takes no lock.
create or replace function prints.get_copies(photo_id_in bigint)
returns bigint
language sql stable security definer
begin atomic
  select coalesce(sum(o.copies), 0)::bigint
  from prints.print o
  where o.photo_id = photo_id_in;
end;
