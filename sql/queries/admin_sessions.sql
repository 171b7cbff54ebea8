-- name: admin_session_insert
-- A login of the admin's; the secret itself is in the browser's cookie alone.
insert into admin_session (id, secret_hash, csrf_token, password_fingerprint, expires_at)
values ($1, $2, $3, $4, now() + $5::interval);

-- name: admin_session_by_id
-- A login that is neither over nor unused for $2.
select id, secret_hash, csrf_token, password_fingerprint from admin_session
 where id = $1 and expires_at > now() and last_used_at > now() - $2::interval;

-- name: admin_session_touch
-- Note that a login is in use, once a minute at most.
update admin_session set last_used_at = now()
 where id = $1 and last_used_at < now() - interval '1 minute';

-- name: admin_session_list
-- Logins that are good, the newest first.
select id, created_at, last_used_at from admin_session
 where expires_at > now() and last_used_at > now() - $1::interval
 order by created_at desc, id
 limit 100;

-- name: admin_session_delete_all
-- Log out everywhere.
delete from admin_session;

-- name: admin_session_delete
-- The admin logs out.
delete from admin_session where id = $1;

-- name: admin_sessions_expire
-- Forget logins that are over, or unused for $1.
delete from admin_session where expires_at <= now() or last_used_at <= now() - $1::interval;
