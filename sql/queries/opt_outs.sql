-- name: opt_outs_of_tenant
-- Contacts that are not answered, with a number where one is known.
select c.id as contact_id, c.name, c.opted_out_at, c.opted_out_by,
       (select min(a.value) from contact_alias a
         where a.contact_id = c.id and a.kind = 'pn') as number
  from contact c
 where c.tenant_id = $1 and c.opted_out_at is not null
 order by c.opted_out_at desc, c.id
 limit $2;

-- name: opt_out_said
-- A customer opts out, unless they said otherwise since. What the owner wants stays the owner's.
update contact
   set opted_out_at = coalesce(opted_out_at, now()),
       opted_out_by = coalesce(opted_out_by, 'customer'),
       opting_at = $2
 where id = $1 and coalesce(opting_at, '-infinity') <= $2;

-- name: opt_in_said
-- A customer opts in again, likewise.
update contact
   set opted_out_at = case when opted_out_by = 'owner' then opted_out_at end,
       opted_out_by = case when opted_out_by = 'owner' then opted_out_by end,
       opting_at = $2
 where id = $1 and coalesce(opting_at, '-infinity') <= $2;

-- name: opt_out_add
-- The owner wants this contact not to be answered; nothing is returned when that is so already.
update contact
   set opted_out_at = coalesce(opted_out_at, now()), opted_out_by = 'owner'
 where id = $1 and opted_out_by is distinct from 'owner'
returning id;

-- name: opt_out_remove
-- This tenant's contact is answered again; returns whether it was not.
update contact c set opted_out_at = null, opted_out_by = null
  from contact before
 where c.tenant_id = $1 and c.id = $2 and before.id = c.id
returning before.opted_out_at is not null;
