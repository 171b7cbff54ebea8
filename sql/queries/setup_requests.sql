-- name: setup_request_latest_of_tenant
-- The newest set-up request that led to a tenant, or concerns it.
select id, tenant_id, user_id, template_type, business_name, language, whatsapp_number, status,
       notes, reviewer_note, submitted_at, decided_at, created_at, updated_at
  from setup_request
 where tenant_id = $1
 order by created_at desc, id
 limit 1;
