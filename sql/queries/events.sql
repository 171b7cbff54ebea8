-- name: events_page
-- What was done to a tenant and what happened to its users, newest first: audit rows before $2 and
-- the portal's events before $3, where these are not null.
select * from (
  (select 'audit' as source, id, actor, action, detail, created_at
     from audit
    where tenant_id = $1 and ($2::bigint is null or id < $2)
    order by id desc limit $4)
  union all
  (select 'portal', e.id, coalesce(u.email, 'portal'), e.event_type, e.payload_json, e.created_at
     from portal_event_log e left join portal_user u on u.id = e.user_id
    where e.tenant_id = $1 and ($3::bigint is null or e.id < $3)
    order by e.id desc limit $4)
) both_logs
 order by created_at desc, source, id desc
 limit $4;
