-- name: opt_outs_of_tenant
-- Contacts that are not answered, with a number where one is known.
select c.id as contact_id, c.name, c.opted_out_at,
       (select min(a.value) from contact_alias a
         where a.contact_id = c.id and a.kind = 'pn') as number
  from contact c
 where c.tenant_id = $1 and c.opted_out_at is not null
 order by c.opted_out_at desc, c.id
 limit $2;

-- name: opt_out_add
-- From now on this contact is not answered.
update contact set opted_out_at = coalesce(opted_out_at, now()) where id = $1;

-- name: opt_out_remove
-- This tenant's contact is answered again.
update contact set opted_out_at = null where tenant_id = $1 and id = $2 returning id;
