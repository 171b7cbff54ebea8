-- name: api_key_insert
-- A program's key; the key itself is shown once and kept nowhere.
insert into api_key (name, key_hash, scopes) values ($1, $2, $3)
returning id, name, scopes, created_at, last_used_at, revoked_at;

-- name: api_key_by_hash
-- A key that is good.
select id, name, scopes, created_at, last_used_at, revoked_at from api_key
 where key_hash = $1 and revoked_at is null;

-- name: api_key_list
-- Every key: those that are good first, then the newest.
select id, name, scopes, created_at, last_used_at, revoked_at from api_key
 order by revoked_at is not null, created_at desc, id
 limit $1;

-- name: api_key_touch
-- Note that a key is in use, once a minute at most.
update api_key set last_used_at = now()
 where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute');

-- name: api_key_revoke
-- A key lets nobody in any more; the first time counts.
update api_key set revoked_at = coalesce(revoked_at, now()) where id = $1
returning id, name, scopes, created_at, last_used_at, revoked_at;

-- name: api_key_lock
-- One at a time makes keys, so that their number can be bounded.
lock table api_key in share row exclusive mode;

-- name: api_key_count
-- How many keys are good.
select count(*) from api_key where revoked_at is null;

-- name: api_key_forget
-- Forget keys that were revoked longer than $1 ago.
delete from api_key where revoked_at < now() - $1::interval;
