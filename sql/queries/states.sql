-- name: tenant_state_update
-- A tenant's status; null leaves it.
update tenant
   set status_since = case when $2 is distinct from status and $2 is not null
                           then now() else status_since end,
       status = coalesce($2, status),
       updated_at = now()
 where id = $1;

-- name: session_state_update
-- A session's state and why; since moves only when one of the two changes.
update whatsapp_session
   set since = case when (state, reason) is distinct from ($2, $3) then now() else since end,
       state = $2, reason = $3, detail = $4,
       last_qr = case when $2 = 'QR_READY' then last_qr end,
       qr_text = case when $2 = 'QR_READY' then qr_text end,
       qr_expires_at = case when $2 = 'QR_READY' then qr_expires_at end,
       last_seen_at = case when $2 = 'CONNECTED' then now() else last_seen_at end
 where tenant_id = $1;

-- name: session_qr_update
-- The code to scan now: picture, text, number within its round, and when it goes stale.
update whatsapp_session
   set last_qr = $2, qr_text = $3, qr_seq = $4, qr_expires_at = $5
 where tenant_id = $1;

-- name: session_qr_hide
-- No code to scan for now; the round's count stays.
update whatsapp_session set last_qr = null, qr_text = null, qr_expires_at = null
 where tenant_id = $1;

-- name: session_link_update
-- The linked account, null where the page hides it; history before the first link is never touched.
update whatsapp_session
   set linked_at = case when linked_at is null or account <> $2 then $5 else linked_at end,
       history_from = case when history_from is null or account <> $2 then $5 else history_from end,
       account = coalesce($2, account), account_lid = coalesce($3, account_lid),
       provider = $4, web_version = $6, capabilities = $7
 where tenant_id = $1;

-- name: session_account_holder
-- The tenant an account is linked to, if any.
select tenant_id from whatsapp_session where account = $1;

-- name: session_unlink
-- Forget the linked account: its login is gone.
update whatsapp_session
   set account = null, account_lid = null, linked_at = null, history_from = null
 where tenant_id = $1;

-- name: worker_state_update
-- A worker's status and why; one that runs beats from here on, and an error text is kept until a ready session clears it.
update worker_process
   set since = case when (status, reason) is distinct from ($2, $3) then now() else since end,
       status = $2, reason = $3, detail = $4,
       heartbeat_at = case when $2 = 'RUNNING' then now() else heartbeat_at end,
       last_error = case when $6 then null else coalesce($5, last_error) end,
       last_error_at = case when $6 then null when $5::text is not null then now()
                            else last_error_at end
 where tenant_id = $1;

-- name: worker_error_update
-- An error that does not change the worker's state.
update worker_process set last_error = $2, last_error_at = now() where tenant_id = $1;

-- name: heartbeats_update
-- The beats of all living workers at once.
update worker_process w set heartbeat_at = b.beat
  from unnest($1::uuid[], $2::timestamptz[]) as b (tenant_id, beat)
 where w.tenant_id = b.tenant_id;

-- name: last_seen_update
-- When connected sessions were last seen alive.
update whatsapp_session s set last_seen_at = b.seen
  from unnest($1::uuid[], $2::timestamptz[]) as b (tenant_id, seen)
 where s.tenant_id = b.tenant_id and s.state = 'CONNECTED';

-- name: workers_stale
-- Workers that should beat and have not since $1.
select tenant_id from worker_process where status = 'RUNNING' and heartbeat_at < $1;

-- name: workers_of_dead_daemon
-- Workers a daemon left as running when it died.
select tenant_id from worker_process where status = 'RUNNING';

-- name: audit_insert
-- What was done, by whom.
insert into audit (tenant_id, actor, action, detail) values ($1, $2, $3, $4);
