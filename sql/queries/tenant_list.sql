-- name: tenant_list
-- Tenants with their messages of today, by their own calendar or that of $1. $2 is a part of a name
-- or number, $3 a part of a phone number's digits. $8 says in what order, $9 to $11 the place in it
-- after which the list goes on. $5 is what is shown of a worker: its status, or what follows from
-- why it does not run; $6 are workers that the daemon knows to be in that state, $7 all it runs.
-- Today's messages are found by seq, which grows with time: the newest that is too old tells where
-- to stop. They are counted last, for those alone that are shown: materialized says so; where they
-- give the order, once for all.
with day as materialized (
  select tenant_id, date_trunc('day', now(), coalesce(hours_json->>'tz', $1)) as start
    from tenant_config
), busy as materialized (
  select m.tenant_id, count(*) as messages
    from message_log m
    join day on day.tenant_id = m.tenant_id
   where $8 = 'messages' and m.created_at >= day.start
     and m.seq > coalesce((select seq from message_log
                            where created_at < (select min(start) from day)
                            order by seq desc limit 1), 0)
   group by m.tenant_id
), found as (
  select t.id,
         case $8 when 'name' then lower(t.name) else '' end as key_text,
         case $8 when 'created' then extract(epoch from t.created_at)
                 when 'last_seen' then -coalesce(extract(epoch from s.last_seen_at), 0)
                 when 'messages' then -coalesce(busy.messages, 0)
                 else 0 end as key_number
    from tenant t
    join tenant_config c on c.tenant_id = t.id
    join whatsapp_session s on s.tenant_id = t.id
    join worker_process w on w.tenant_id = t.id
    left join busy on busy.tenant_id = t.id
   where ($2::text is null
          or strpos(lower(t.name), lower($2)) > 0 or strpos(lower(c.business_name), lower($2)) > 0
          or strpos(t.phone_number, coalesce($3, $2)) > 0)
     and ($4::text is null or t.status = $4)
     and ($12::text is null or s.state = $12)
     and ($5::text is null
          or w.status = $5
          or t.id = any($6::uuid[])
          or not t.id = any($7::uuid[]) and w.status <> 'RUNNING'
             and $5 = case when w.reason = 'stale' then 'STALE'
                           when w.reason not in ('never_started', 'stopped', 'daemon_restarted')
                           then 'RESTING' end)
), chosen as materialized (
  select * from found
   where $9::text is null or (key_text, key_number, id) > ($9, $10::numeric, $11::uuid)
   order by key_text, key_number, id
   limit $13
), shown as materialized (
  select whole.*, chosen.key_text, chosen.key_number,
         date_trunc('day', now(), coalesce(whole.hours_json->>'tz', $1)) as day_start
    from chosen
    join tenant_whole whole using (id)
)
select shown.*, today.inbound, today.outbound
  from shown
 cross join lateral (
   select count(*) filter (where direction = 'IN') as inbound,
          count(*) filter (where direction = 'OUT') as outbound
     from message_log
    where tenant_id = shown.id and created_at >= day_start
      and seq > coalesce((select seq from message_log
                           where tenant_id = shown.id and created_at < day_start
                           order by seq desc limit 1), 0)
 ) today
 order by shown.key_text, shown.key_number, shown.id;

-- name: tenant_tally
-- How many tenants there are, and how many of them are in which state.
select count(*) as tenants,
       count(*) filter (where s.state = 'CONNECTED' and t.status = 'ACTIVE') as serving,
       count(*) filter (where t.status = 'ERROR') as failing,
       count(*) filter (where t.status = 'QR_PENDING') as pairing,
       count(*) filter (where t.status = 'PAUSED') as paused
  from tenant t
  join whatsapp_session s on s.tenant_id = t.id;
