-- name: message_insert_inbound
-- A customer's message, once: nothing is returned when it is there already.
insert into message_log (tenant_id, contact_id, chat_id, direction, from_number, to_number,
                         message_text, message_type, wa_message_id, status, reason, origin,
                         wa_timestamp, trace)
values ($1, $2, $3, 'IN', $4, (select phone_number from tenant where id = $1), $5, $6, $7, $8, $9,
        $10, $11, $12)
on conflict on constraint message_once do nothing
returning id, seq;

-- name: message_became_readable
-- A message that was logged as undecryptable and can be read now is a new message to answer.
update message_log
   set message_text = $4, message_type = $5, status = 'RECEIVED', reason = null,
       trace = trace || jsonb_build_object(
         'unreadable_seconds', extract(epoch from now() - created_at)::int),
       updated_at = now()
 where tenant_id = $1 and contact_id = $2 and direction = 'IN' and wa_message_id = $3
   and status = 'UNANSWERED' and reason = 'undecryptable'
returning id, seq;

-- name: chat_watermark_raise
-- The newest message of a chat that is in the log.
insert into chat (tenant_id, chat_id, watermark_at) values ($1, $2, $3)
on conflict (tenant_id, chat_id)
do update set watermark_at = greatest(chat.watermark_at, excluded.watermark_at);

-- name: chat_watermarks
-- How far each chat of a tenant is in the log.
select chat_id, watermark_at from chat where tenant_id = $1;

-- name: message_by_id
-- One row of the log.
select * from message_log where id = $1;

-- name: message_ids_of_ours
-- How many of these WhatsApp ids are of messages that we sent.
select count(distinct wa_message_id) from message_log
 where tenant_id = $1 and direction = 'OUT' and wa_message_id = any($2::text[]);

-- name: messages_open
-- Work left: messages not decided, and sends not known to have left. A reply has the place of the
-- message that it answers.
select m.* from message_log m
  left join message_log asked on asked.id = m.in_reply_to
 where m.tenant_id = $1 and m.status in ('RECEIVED', 'QUEUED')
 order by coalesce(asked.seq, m.seq), m.seq;

-- name: message_settle_inbound
-- What became of a customer's message, and why.
update message_log
   set status = $2, reason = $3, error = $4, trace = trace || $5, updated_at = now()
 where id = $1;

-- name: message_insert_outbound
-- A message to send, its id fixed in advance; nothing is returned when it is decided already.
insert into message_log (tenant_id, contact_id, chat_id, direction, from_number, to_number,
                         message_text, wa_message_id, status, origin, purpose, in_reply_to,
                         quoted_id, trace, wa_timestamp, idempotency_key, request_hash)
values ($1, $2, $3, 'OUT', $4, $5, $6, $7, 'QUEUED', $8, $9, $10, $11, $12, $13, $14, $15)
on conflict do nothing
returning *;

-- name: message_asked_before
-- The message that was asked for with this idempotency key.
select * from message_log where tenant_id = $1 and idempotency_key = $2;

-- name: messages_waiting_to_be_sent
-- How many messages that were asked for wait to be sent.
select count(*) from message_log
 where tenant_id = $1 and status = 'QUEUED' and origin = 'api';

-- name: message_last_inbound
-- What a contact wrote last.
select * from message_log where contact_id = $1 and direction = 'IN' order by seq desc limit 1;

-- name: message_of_contact
-- A contact's message by its id here or WhatsApp's.
select * from message_log
 where contact_id = $1 and (id::text = lower($2) or wa_message_id = $2)
 order by seq desc limit 1;

-- name: message_replies_to
-- What was decided to answer a message with.
select * from message_log where in_reply_to = $1 and direction = 'OUT' order by seq;

-- name: message_begin_attempt
-- Before a send leaves: from here on it may have happened.
update message_log set attempts = attempts + 1, updated_at = now() where id = $1
returning attempts;

-- name: message_settle_outbound
-- What became of a send, unless an ack has told more already.
update message_log m
   set status = case when m.status in ('QUEUED', 'UNKNOWN') then $2 else m.status end,
       reason = case when m.status in ('QUEUED', 'UNKNOWN') then $3 else m.reason end,
       error = case when m.status in ('QUEUED', 'UNKNOWN') then $4 else m.error end,
       trace = m.trace || $5, updated_at = now()
  from message_log before
 where m.id = $1 and before.id = m.id
returning before.status in ('QUEUED', 'UNKNOWN');

-- name: message_edited
-- A customer put another text in place of a message's; heard twice, it is noted once.
update message_log
   set trace = jsonb_set(trace, '{edits}', coalesce(trace -> 'edits', '[]')
                         || jsonb_build_array(jsonb_build_object('text', $3::text, 'at', $4::text))),
       updated_at = now()
 where contact_id = $1 and direction = 'IN' and wa_message_id = $2
   and coalesce(trace #>> '{edits,-1,text}', message_text) <> $3
   and jsonb_array_length(coalesce(trace -> 'edits', '[]')) < 20;

-- name: message_revoked
-- A customer deleted a message for everyone.
update message_log
   set trace = trace || jsonb_build_object('revoked_at', $3::text),
       settled_at = coalesce(settled_at, now()), settled_by = coalesce(settled_by, 'customer'),
       updated_at = now()
 where contact_id = $1 and direction = 'IN' and wa_message_id = $2
   and not trace ? 'revoked_at';

-- name: message_note
-- More about what happened to a message.
update message_log set trace = trace || $2, updated_at = now() where id = $1;

-- name: message_acks
-- Acks only ever move a message forward: sent, delivered, read.
update message_log m set status = a.status, reason = null, updated_at = now()
  from unnest($2::text[], $3::text[]) as a (wa_message_id, status)
 where m.tenant_id = $1 and m.direction = 'OUT' and m.wa_message_id = a.wa_message_id
   and array_position(array['UNKNOWN', 'QUEUED', 'FAILED', 'SENT', 'DELIVERED', 'READ'], m.status)
     < array_position(array['UNKNOWN', 'QUEUED', 'FAILED', 'SENT', 'DELIVERED', 'READ'], a.status)
returning m.status;

-- name: messages_page
-- A tenant's log, newest first, before the cursor $2 when it is not null.
select * from message_log
 where tenant_id = $1 and ($2::bigint is null or seq < $2)
 order by seq desc
 limit $3;

-- name: messages_unanswered
-- What of a tenant's waits for a person, newest first, before the cursor $2 when it is not null.
select * from message_log
 where tenant_id = $1 and needs_person and ($2::bigint is null or seq < $2)
 order by seq desc
 limit $3;

-- name: messages_unanswered_of_all
-- What of all tenants' waits for a person, newest first, before the cursor $1 when it is not null.
select m.*, t.name as tenant_name
  from message_log m
  join tenant t on t.id = m.tenant_id
 where m.needs_person and ($1::bigint is null or m.seq < $1)
 order by m.seq desc
 limit $2;

-- name: message_done
-- Somebody saw to a message; nothing is returned when none waited for that.
update message_log set settled_at = now(), settled_by = $3, updated_at = now()
 where tenant_id = $1 and id = $2 and needs_person
returning *;

-- name: messages_done_by_answer
-- A person wrote to a contact: that sees to all that the contact had written until then. What is
-- not decided yet is seen to as well.
update message_log set settled_at = now(), settled_by = $3, updated_at = now()
 where contact_id = $1 and ($2::timestamptz is null or wa_timestamp <= $2)
   and settled_at is null
   and (needs_person or status = 'RECEIVED');

-- name: message_counts
-- How many messages a tenant has in each outcome.
select direction, status, count(*) as n from message_log where tenant_id = $1 group by 1, 2;

-- name: installation_value
-- A fact of this installation.
select value from installation where key = $1;

-- name: installation_set_once
-- Keep a fact of this installation; the first writer wins.
insert into installation (key, value) values ($1, $2) on conflict do nothing;

-- name: messages_forget
-- Settled messages from before $1; what is still open is never forgotten.
with gone as (
  delete from message_log
   where created_at < $1 and status not in ('RECEIVED', 'QUEUED')
  returning 1
)
select count(*) from gone;
