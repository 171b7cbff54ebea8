-- name: contacts_lock
-- Until the transaction ends, nobody else makes or merges contacts of this tenant.
select pg_advisory_xact_lock(hashtext('contact'), hashtext($1::text));

-- name: contacts_by_alias
-- The contacts known under any of these addresses, oldest first.
select distinct c.id, c.created_at
  from contact_alias a
  join unnest($2::text[], $3::text[]) as asked (kind, value)
    on asked.kind = a.kind and asked.value = a.value
  join contact c on c.id = a.contact_id
 where a.tenant_id = $1
 order by c.created_at, c.id;

-- name: contact_insert
-- A person who wrote for the first time.
insert into contact (tenant_id, name) values ($1, $2) returning id;

-- name: contact_aliases_insert
-- The addresses a contact is known under.
insert into contact_alias (tenant_id, contact_id, kind, value)
select $1, $2, asked.kind, asked.value from unnest($3::text[], $4::text[]) as asked (kind, value)
on conflict do nothing;

-- name: contact_name_update
-- The name a contact gives itself.
update contact set name = $2 where id = $1 and name is distinct from $2;

-- name: contacts_merge_lock
-- First step of a merge: a reply that is being decided for either contact is waited for, or fails.
select id from contact where id = any($1::uuid[]) order by id for update;

-- name: contact_aliases_move
-- Every address of $2 is now $1's.
update contact_alias set contact_id = $1 where contact_id = $2;

-- name: contacts_unsent_lock
-- Second step of a merge: no reply to either contact begins to leave until it is done.
select id from message_log
 where contact_id = any($1::uuid[]) and direction = 'OUT' and status = 'QUEUED'
 order by seq for update;

-- name: contact_replies_drop
-- Of two replies to the two copies of one message, one that has not begun to leave goes: the one
-- to the later copy, or the one whose twin has left.
delete from message_log r
 using message_log m, message_log twin
 where m.contact_id in ($1, $2) and twin.contact_id in ($1, $2) and m.contact_id <> twin.contact_id
   and m.direction = 'IN' and twin.direction = 'IN' and m.wa_message_id = twin.wa_message_id
   and r.in_reply_to = m.id and r.status = 'QUEUED' and r.attempts = 0
   and exists (select 1 from message_log other
                where other.in_reply_to = twin.id and other.status <> 'FAILED'
                  and (m.seq > twin.seq or other.status <> 'QUEUED' or other.attempts > 0));

-- name: contact_duplicates_drop
-- A message that came under both addresses is one: of each pair the copy stays that was answered,
-- else the one that can be read, else the earlier.
delete from message_log m
 using message_log twin
 where m.contact_id in ($1, $2) and twin.contact_id in ($1, $2) and m.contact_id <> twin.contact_id
   and m.tenant_id = twin.tenant_id
   and m.direction = twin.direction and m.wa_message_id = twin.wa_message_id
   and not exists (select 1 from message_log r where r.in_reply_to = m.id)
   and (exists (select 1 from message_log r where r.in_reply_to = twin.id)
        or (m.reason is not distinct from 'undecryptable', m.seq)
         > (twin.reason is not distinct from 'undecryptable', twin.seq));

-- name: contact_duplicates_rename
-- Pairs of which both were answered stay, under ids that do not collide.
update message_log m set wa_message_id = m.wa_message_id || ':' || m.seq
 where m.contact_id = $2
   and exists (select 1 from message_log twin
                where twin.contact_id = $1 and twin.direction = m.direction
                  and twin.wa_message_id = m.wa_message_id);

-- name: contact_messages_move
-- The history of $2 is now $1's.
update message_log set contact_id = $1 where contact_id = $2;

-- name: contact_conversation_merge
-- What was told to either contact counts for both; of what they said of being answered the later,
-- unless the owner has decided.
update contact keep
   set last_rule = case when gone.last_rule_at > coalesce(keep.last_rule_at, '-infinity')
                        then gone.last_rule else keep.last_rule end,
       last_rule_at = greatest(keep.last_rule_at, gone.last_rule_at),
       away_until = greatest(keep.away_until, gone.away_until),
       paused_until = greatest(keep.paused_until, gone.paused_until),
       opted_out_at = case when keep.opted_out_by = 'owner' then keep.opted_out_at
                           when gone.opted_out_by = 'owner'
                             or gone.opting_at > coalesce(keep.opting_at, '-infinity')
                           then gone.opted_out_at else keep.opted_out_at end,
       opted_out_by = case when keep.opted_out_by = 'owner' then keep.opted_out_by
                           when gone.opted_out_by = 'owner'
                             or gone.opting_at > coalesce(keep.opting_at, '-infinity')
                           then gone.opted_out_by else keep.opted_out_by end,
       opting_at = greatest(keep.opting_at, gone.opting_at),
       name = coalesce(keep.name, gone.name)
  from contact gone
 where keep.id = $1 and gone.id = $2;

-- name: contact_delete
-- Last step of a merge.
delete from contact where id = $1;

-- name: conversation
-- What was last said to a contact.
select last_rule, last_rule_at, away_until, paused_until, opted_out_at, opted_out_by, opting_at
  from contact where id = $1;

-- name: conversation_update
-- What was said to a contact just now; null leaves a value.
update contact
   set last_rule = coalesce($2, last_rule),
       last_rule_at = case when $2::text is null then last_rule_at else now() end,
       away_until = coalesce($3, away_until)
 where id = $1;

-- name: conversation_pause
-- The owner is writing in this chat: the bot keeps quiet until then.
update contact set paused_until = $2 where id = $1;
