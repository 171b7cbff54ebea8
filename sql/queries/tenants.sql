-- name: tenant_insert
-- A tenant; its configuration, session and worker rows follow in the same transaction.
insert into tenant (name, phone_number) values ($1, $2) returning id;

-- name: tenant_config_insert
-- What a tenant's replies are made from; a limit that is null is none of its own.
insert into tenant_config (tenant_id, template_type, business_name, language, hours_json, limits)
values ($1, $2, $3, $4, $5, jsonb_strip_nulls($6::jsonb));

-- name: tenant_session_insert
-- A tenant's session before its first start.
insert into whatsapp_session (tenant_id) values ($1);

-- name: tenant_worker_insert
-- A tenant's worker before its first start.
insert into worker_process (tenant_id, worker_name) values ($1::uuid, 'worker-' || $1::uuid::text);

-- name: tenant_by_id
-- One tenant with everything that is known of it, and the texts that it wrote itself; these are
-- read backwards along their index, so that many versions need no sort.
select t.*, (select jsonb_object_agg(own.key || '@' || own.language, own.body)
               from (select distinct on (key, language) key, language, body
                       from reply_template
                      where tenant_id = $1
                      order by key desc, language desc, version desc) own) as texts
  from tenant_whole t
 where t.id = $1;

-- name: tenants_page
-- Tenants in the order they were made, after the cursor ($1, $2) when it is not null.
select * from tenant_whole
 where $1::timestamptz is null or (created_at, id) > ($1, $2::uuid)
 order by created_at, id
 limit $3;

-- name: tenants_wanted
-- The tenants whose worker is wanted, longest known first.
select id from tenant where wanted = 'RUNNING' order by created_at, id;

-- name: tenant_update
-- Change what a tenant is called or reached by; null leaves a value.
update tenant
   set name = coalesce($2, name), phone_number = coalesce($3, phone_number), updated_at = now()
 where id = $1;

-- name: tenant_config_update
-- Change what replies are made from; null leaves a value, $5 says whether hours are given. Of the
-- limits in $7, each takes the place of the one there was, and null takes it away.
update tenant_config
   set template_type = coalesce($2, template_type),
       business_name = coalesce($3, business_name),
       language = coalesce($4, language),
       hours_json = case when $5 then $6::jsonb else hours_json end,
       limits = jsonb_strip_nulls(limits || coalesce($7::jsonb, '{}')),
       updated_at = now()
 where tenant_id = $1;

-- name: tenant_want
-- What the operator wants of the worker.
update tenant set wanted = $2, updated_at = now() where id = $1;

-- name: tenant_delete
-- A tenant and all its rows but the audit.
delete from tenant where id = $1;

-- name: tenant_belongings
-- What is deleted with a tenant.
select (select count(*) from message_log where tenant_id = $1) as messages,
       (select count(*) from contact where tenant_id = $1) as contacts,
       (select count(distinct (key, language)) from reply_template where tenant_id = $1) as texts,
       (select count(*) from portal_event_log where tenant_id = $1) as events;

-- name: tenant_state_counts
-- How many tenants are in which three states.
select t.status, s.state, w.status as worker, count(*) as n
  from tenant t
  join whatsapp_session s on s.tenant_id = t.id
  join worker_process w on w.tenant_id = t.id
 group by 1, 2, 3;
