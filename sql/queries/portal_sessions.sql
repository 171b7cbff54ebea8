-- name: portal_session_insert
-- A user's login; the secret itself is in the browser's cookie alone.
insert into portal_session (id, user_id, secret_hash, csrf_token, expires_at)
values ($1, $2, $3, $4, now() + $5::interval);

-- name: portal_session_by_id
-- A login that is neither over nor unused for $2, of a user who is let in.
select s.secret_hash, s.csrf_token, u.*
  from portal_session s
  join portal_user u on u.id = s.user_id
 where s.id = $1 and s.expires_at > now() and s.last_used_at > now() - $2::interval
   and u.disabled_at is null;

-- name: portal_session_touch
-- Note that a login is in use, once a minute at most.
update portal_session set last_used_at = now()
 where id = $1 and last_used_at < now() - interval '1 minute';

-- name: portal_session_delete
-- Log out.
delete from portal_session where id = $1;

-- name: portal_sessions_delete_all
-- Log a user out everywhere, but of the login $2.
delete from portal_session where user_id = $1 and id is distinct from $2;

-- name: portal_sessions_expire
-- Forget logins that are over, or unused for $1.
delete from portal_session where expires_at <= now() or last_used_at <= now() - $1::interval;
