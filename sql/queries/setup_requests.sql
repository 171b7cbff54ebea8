-- name: setup_request_by_id
-- One set-up request.
select * from setup_request where id = $1;

-- name: setup_request_lock
-- One set-up request, which nobody else changes until the transaction ends.
select * from setup_request where id = $1 for update;

-- name: setup_request_latest_of_tenant
-- The newest set-up request that led to a tenant, or concerns it.
select * from setup_request where tenant_id = $1 order by created_at desc, id limit 1;

-- name: setup_request_latest_of_user
-- The newest set-up request of a user.
select * from setup_request where user_id = $1 order by created_at desc, id limit 1;

-- name: setup_request_reviews
-- Set-up requests with what the operator should know of them: newest first, after the cursor ($1, $2)
-- when it is not null, with the status $3, or the one with the id $4.
select s.*, u.email, u.origin, u.email_verified_at, u.disabled_at,
       t.id as holder_id, t.name as holder_name,
       exists (select from portal_user o where o.tenant_id = t.id and o.id <> u.id) as is_shared
  from setup_request s
  join portal_user u on u.id = s.user_id
  left join tenant t on t.phone_number = s.whatsapp_number
 where ($1::timestamptz is null or (s.created_at, s.id) < ($1, $2::uuid))
   and ($3::text is null or s.status = $3)
   and ($4::uuid is null or s.id = $4)
 order by s.created_at desc, s.id desc
 limit $5;

-- name: setup_request_holder
-- The tenant that has a request's number, kept from others until the transaction ends.
select id from tenant where phone_number = $1 for update;

-- name: setup_requests_waiting
-- How many requests wait for the operator.
select count(*) from setup_request where status = 'SUBMITTED';

-- name: setup_request_insert
-- A new request; nothing when the user has one that is not done.
insert into setup_request (user_id, template_type, business_name, language, whatsapp_number, notes)
values ($1, $2, $3, $4, $5, $6)
on conflict (user_id) where status <> 'ACTIVE' do nothing
returning *;

-- name: setup_request_update
-- What a request that is not under way says.
update setup_request
   set template_type = $2, business_name = $3, language = $4, whatsapp_number = $5, notes = $6,
       updated_at = now()
 where id = $1
returning *;

-- name: setup_request_move
-- A request's next status; null leaves tenant and note.
update setup_request
   set status = $2,
       tenant_id = coalesce($3, tenant_id),
       reviewer_note = coalesce($4, reviewer_note),
       submitted_at = case when $2 = 'SUBMITTED' then now() else submitted_at end,
       decided_at = case when $2 in ('APPROVED', 'REJECTED') then now()
                         when $2 in ('DRAFT', 'SUBMITTED') then null
                         else decided_at end,
       updated_at = now()
 where id = $1
returning *;

-- name: setup_request_activate
-- A request that was approved is done when its tenant's session is ready.
update setup_request set status = 'ACTIVE', updated_at = now()
 where tenant_id = $1 and status = 'APPROVED';
