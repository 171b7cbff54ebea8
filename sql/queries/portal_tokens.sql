-- name: portal_token_insert
-- A link that works once; the token itself is in the link alone.
insert into portal_token (kind, user_id, token_hash, expires_at)
values ($1, $2, $3, now() + $4::interval)
returning expires_at;

-- name: portal_token_user
-- Whom a link is for, as long as it works.
select user_id from portal_token
 where token_hash = $1 and kind = $2 and used_at is null and expires_at > now();

-- name: portal_token_use
-- Use a link up; nothing when it was used or is too old.
update portal_token set used_at = now()
 where token_hash = $1 and kind = $2 and used_at is null and expires_at > now()
returning user_id;

-- name: portal_tokens_void
-- Links that a user has not used yet work no more.
delete from portal_token where user_id = $1 and used_at is null;
