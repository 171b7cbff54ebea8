-- People of the portal: a user has one set-up request that is not done yet; what a deleted tenant
-- had asked for goes with it, and its user may ask anew.

create unique index setup_request_open on setup_request (user_id) where status <> 'ACTIVE';

alter table setup_request
  drop constraint setup_request_tenant_id_fkey,
  add constraint setup_request_tenant_id_fkey
    foreign key (tenant_id) references tenant on delete cascade;

create index portal_user_by_age on portal_user (created_at, id);
create index portal_session_by_user on portal_session (user_id);
create index portal_token_by_user on portal_token (user_id);
create index portal_event_by_user on portal_event_log (user_id, id desc);
create index setup_request_by_age on setup_request (created_at, id);
