-- name: portal_event_insert
-- Something that a user did, or that was done about them.
insert into portal_event_log (tenant_id, user_id, event_type, payload_json)
values ($1, $2, $3, $4);

-- name: portal_event_of_session
-- What a session's coming state $2 means to the users of its tenant, if it has any; run before it is written.
insert into portal_event_log (tenant_id, event_type, payload_json)
select s.tenant_id,
       case $2 when 'QR_READY' then 'qr_shown' when 'CONNECTED' then 'connected'
               else 'disconnected' end,
       jsonb_build_object('reason', $3::text)
  from whatsapp_session s
 where s.tenant_id = $1 and s.state <> $2::text
   and ($2 <> 'DISCONNECTED' or s.state = 'CONNECTED')
   and exists (select from portal_user u where u.tenant_id = s.tenant_id);

-- name: portal_event_exists
-- Whether a user's log has an event with this payload in it.
select exists (
  select from portal_event_log where user_id = $1 and event_type = $2 and payload_json @> $3
);
