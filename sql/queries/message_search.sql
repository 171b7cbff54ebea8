-- name: message_search_deadline
-- A search ends after so many milliseconds; within a transaction.
select set_config('statement_timeout', $1, true);

-- name: messages_search
-- A tenant's log, newest first, before the cursor $2; null leaves a filter out. $9 are the digits
-- of the searched text, for customers' numbers.
select * from message_log
 where tenant_id = $1
   and ($2::bigint is null or seq < $2)
   and ($4::text is null or direction = $4)
   and ($5::text is null or status = $5)
   and ($6::timestamptz is null or created_at >= $6)
   and ($7::timestamptz is null or created_at < $7)
   and ($8::text is null
        or strpos(lower(message_text), lower($8)) > 0
        or $9::text is not null
           and strpos(case direction when 'IN' then from_number else to_number end, $9) > 0)
 order by seq desc
 limit $3;

-- name: messages_by_hour
-- How many messages came and went in each hour from $2 to $3, empty ones too. Rows are found by seq,
-- whose index begins with the tenant: the newest that is too old tells where to stop.
with recent as (
  select direction, created_at
    from message_log
   where tenant_id = $1 and created_at >= $2
     and seq > coalesce((select seq from message_log
                          where tenant_id = $1 and created_at < $2
                          order by seq desc limit 1), 0)
)
select hour,
       count(*) filter (where direction = 'IN') as inbound,
       count(*) filter (where direction = 'OUT') as outbound
  from generate_series($2::timestamptz, $3::timestamptz, interval '1 hour') hour
  left join recent on date_trunc('hour', created_at) = hour
 group by hour
 order by hour;
