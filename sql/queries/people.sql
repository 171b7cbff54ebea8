-- name: portal_user_insert
-- A user of the portal; nothing when the address is taken within its origin.
insert into portal_user (email, origin, password_hash, language, tenant_id, email_verified_at)
values ($1, $2, $3, $4, $5, case when $6 then now() end)
on conflict (email, origin) do nothing
returning *;

-- name: portal_user_by_id
-- One user.
select * from portal_user where id = $1;

-- name: portal_user_lock
-- One user, whose rows nobody else changes until the transaction ends.
select * from portal_user where id = $1 for update;

-- name: portal_user_by_email
-- The user of an address within one origin.
select * from portal_user where email = $1 and origin = $2;

-- name: portal_users_page
-- Users, newest first, after the cursor ($1, $2) when it is not null, whose address has $3 in it.
select * from portal_user
 where ($1::timestamptz is null or (created_at, id) < ($1, $2::uuid))
   and ($3::text is null or strpos(email, $3) > 0)
 order by created_at desc, id desc
 limit $4;

-- name: portal_users_of_tenant
-- The users who look after a tenant.
select * from portal_user where tenant_id = $1 order by created_at, id;

-- name: portal_user_set_password
-- A new password; who set it by a link that the operator handed out has a verified address.
update portal_user
   set password_hash = $2,
       email_verified_at = case when $3 then coalesce(email_verified_at, now())
                                else email_verified_at end
 where id = $1;

-- name: portal_user_delete
-- A user with their logins, links and requests; what they did stays in the audit.
delete from portal_user where id = $1;

-- name: portal_user_set_language
-- The language a user reads.
update portal_user set language = $2 where id = $1;

-- name: portal_user_set_tenant
-- The tenant a user looks after.
update portal_user set tenant_id = $2 where id = $1;

-- name: portal_user_set_disabled
-- Keep a user out, from the first time it was asked, or let them in again.
update portal_user set disabled_at = case when $2 then coalesce(disabled_at, now()) end
 where id = $1
returning *;
