-- The whole ledger from the start: tenants and their three states, contacts with every address they
-- are known by, the message log that decides what is answered once, and the people who look at it.

create table installation (
  key   text primary key,
  value bytea not null
);
comment on table installation is 'Facts of this installation, such as the key that fixes message ids in advance.';

create table tenant (
  id            uuid primary key default gen_random_uuid(),
  name          text not null check (name <> ''),
  phone_number  text not null unique check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
  status        text not null default 'NEW'
                check (status in ('NEW', 'QR_PENDING', 'ACTIVE', 'PAUSED', 'ERROR')),
  wanted        text not null default 'STOPPED' check (wanted in ('RUNNING', 'STOPPED')),
  status_since  timestamptz not null default now(),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
create index tenant_by_age on tenant (created_at, id);

create table tenant_config (
  tenant_id      uuid primary key references tenant on delete cascade,
  template_type  text not null,
  business_name  text not null check (business_name <> ''),
  language       text not null check (language in ('SW', 'EN')),
  hours_json     jsonb,
  limits         jsonb not null default '{}',
  updated_at     timestamptz not null default now()
);
comment on column tenant_config.hours_json is 'Opening hours; null means always open.';
comment on column tenant_config.limits is 'Per-tenant values that win over the environment, such as rate_limit_max_per_minute.';

create table whatsapp_session (
  tenant_id      uuid primary key references tenant on delete cascade,
  state          text not null default 'DISCONNECTED'
                 check (state in ('DISCONNECTED', 'QR_READY', 'CONNECTED')),
  reason         text not null default 'never_started',
  detail         text not null default '',
  since          timestamptz not null default now(),
  last_qr        text,
  qr_text        text,
  qr_seq         integer not null default 0,
  qr_expires_at  timestamptz,
  last_seen_at   timestamptz,
  account        text unique,
  account_lid    text,
  linked_at      timestamptz,
  history_from   timestamptz,
  provider       text,
  web_version    text,
  capabilities   jsonb not null default '{}',
  check ((last_qr is null) = (qr_text is null))
);
comment on column whatsapp_session.account is 'The linked phone number (E.164); one phone serves one tenant.';
comment on column whatsapp_session.history_from is 'Messages older than this were there before the link and are never touched.';

create table worker_process (
  tenant_id     uuid primary key references tenant on delete cascade,
  worker_name   text not null unique,
  status        text not null default 'STOPPED' check (status in ('STOPPED', 'RUNNING', 'ERROR')),
  reason        text not null default 'never_started',
  detail        text not null default '',
  since         timestamptz not null default now(),
  last_error    text,
  last_error_at timestamptz,
  heartbeat_at  timestamptz
);

create table contact (
  id              uuid primary key default gen_random_uuid(),
  tenant_id       uuid not null references tenant on delete cascade,
  name            text,
  last_rule       text,
  last_rule_at    timestamptz,
  away_until      timestamptz,
  paused_until    timestamptz,
  wait_told_at    timestamptz,
  opted_out_at    timestamptz,
  created_at      timestamptz not null default now(),
  unique (tenant_id, id)
);

create table contact_alias (
  tenant_id   uuid not null,
  kind        text not null check (kind in ('pn', 'lid', 'username', 'chat')),
  value       text not null,
  contact_id  uuid not null,
  created_at  timestamptz not null default now(),
  primary key (tenant_id, kind, value),
  foreign key (tenant_id, contact_id) references contact (tenant_id, id) on delete cascade
);
create index contact_alias_by_contact on contact_alias (contact_id);

create table chat (
  tenant_id    uuid not null references tenant on delete cascade,
  chat_id      text not null,
  watermark_at timestamptz not null,
  primary key (tenant_id, chat_id)
);
comment on column chat.watermark_at is 'WhatsApp''s time of the newest message of this chat that is in the log.';

create table message_log (
  seq              bigint generated always as identity primary key,
  id               uuid not null unique default gen_random_uuid(),
  tenant_id        uuid not null references tenant on delete cascade,
  contact_id       uuid not null,
  chat_id          text not null,
  direction        text not null check (direction in ('IN', 'OUT')),
  from_number      text,
  to_number        text,
  message_text     text not null default '',
  message_type     text not null default 'chat',
  wa_message_id    text not null,
  status           text not null,
  reason           text,
  origin           text not null check (origin in ('live', 'sweep', 'reply', 'api')),
  purpose          text check (purpose in ('reply', 'away', 'wait', 'warning', 'manual', 'test')),
  in_reply_to      uuid,
  quoted_id        text,
  idempotency_key  text,
  request_hash     bytea,
  attempts         integer not null default 0,
  error            text,
  trace            jsonb not null default '{}',
  wa_timestamp     timestamptz not null,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  foreign key (tenant_id, contact_id) references contact (tenant_id, id) on delete cascade,
  check (
    direction = 'IN' and status in
      ('RECEIVED', 'ANSWERED', 'SUPPRESSED', 'QUEUE_FULL', 'UNANSWERED', 'FAILED')
    or direction = 'OUT' and status in
      ('QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED', 'UNKNOWN')
  ),
  -- The truth about "once": the same message under @lid and under a number is one contact's,
  -- while two customers may use the same id.
  constraint message_once unique (tenant_id, contact_id, direction, wa_message_id)
);
create unique index message_answered_once on message_log (in_reply_to, purpose)
  where direction = 'OUT' and in_reply_to is not null;
create unique index message_asked_once on message_log (tenant_id, idempotency_key)
  where idempotency_key is not null;
create index message_by_tenant on message_log (tenant_id, seq desc);
create index message_by_contact on message_log (contact_id, seq desc);
create index message_by_wa_id on message_log (tenant_id, wa_message_id);
create index message_open on message_log (tenant_id, seq) where status in ('RECEIVED', 'QUEUED');
create index message_for_people on message_log (tenant_id, seq)
  where status in ('UNANSWERED', 'UNKNOWN', 'FAILED');
comment on column message_log.trace is 'Why this message was answered, or was not: rule, limits, look-ups.';
comment on column message_log.wa_timestamp is 'When WhatsApp''s server took the message.';

create table reply_template (
  tenant_id   uuid not null references tenant on delete cascade,
  key         text not null,
  language    text not null check (language in ('SW', 'EN')),
  version     integer not null check (version > 0),
  body        text not null,
  created_by  text not null,
  created_at  timestamptz not null default now(),
  primary key (tenant_id, key, language, version)
);

create table portal_user (
  id                 uuid primary key default gen_random_uuid(),
  email              text not null check (email = lower(email)),
  origin             text not null check (origin in ('local', 'trusted')),
  password_hash      text,
  language           text not null default 'SW' check (language in ('SW', 'EN')),
  tenant_id          uuid references tenant on delete set null,
  email_verified_at  timestamptz,
  disabled_at        timestamptz,
  created_at         timestamptz not null default now(),
  unique (email, origin)
);
create index portal_user_by_tenant on portal_user (tenant_id);

create table portal_token (
  id          uuid primary key default gen_random_uuid(),
  kind        text not null check (kind in ('reset', 'invite')),
  user_id     uuid references portal_user on delete cascade,
  email       text,
  token_hash  bytea not null unique,
  expires_at  timestamptz not null,
  used_at     timestamptz,
  created_at  timestamptz not null default now()
);

create table setup_request (
  id               uuid primary key default gen_random_uuid(),
  tenant_id        uuid references tenant on delete set null,
  user_id          uuid not null references portal_user on delete cascade,
  template_type    text not null,
  business_name    text not null default '',
  language         text not null default 'SW' check (language in ('SW', 'EN')),
  whatsapp_number  text not null,
  status           text not null default 'DRAFT'
                   check (status in ('DRAFT', 'SUBMITTED', 'APPROVED', 'ACTIVE', 'REJECTED')),
  notes            text not null default '',
  reviewer_note    text not null default '',
  submitted_at     timestamptz,
  decided_at       timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);
create index setup_request_by_user on setup_request (user_id, created_at desc);
create index setup_request_by_tenant on setup_request (tenant_id);
create index setup_request_by_status on setup_request (status, created_at);

create table portal_event_log (
  id            bigint generated always as identity primary key,
  tenant_id     uuid references tenant on delete cascade,
  user_id       uuid references portal_user on delete set null,
  event_type    text not null,
  payload_json  jsonb not null default '{}',
  created_at    timestamptz not null default now()
);
create index portal_event_by_tenant on portal_event_log (tenant_id, id desc);

create table admin_session (
  id                    uuid primary key default gen_random_uuid(),
  secret_hash           bytea not null,
  csrf_token            text not null,
  password_fingerprint  bytea not null,
  created_at            timestamptz not null default now(),
  last_used_at          timestamptz not null default now(),
  expires_at            timestamptz not null
);

create table portal_session (
  id            uuid primary key default gen_random_uuid(),
  user_id       uuid not null references portal_user on delete cascade,
  secret_hash   bytea not null,
  csrf_token    text not null,
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz not null default now(),
  expires_at    timestamptz not null
);

create table api_key (
  id            uuid primary key default gen_random_uuid(),
  name          text not null,
  key_hash      bytea not null unique,
  scopes        text[] not null check (scopes <@ array['read', 'send', 'control', 'admin']),
  created_at    timestamptz not null default now(),
  last_used_at  timestamptz,
  revoked_at    timestamptz
);

create table audit (
  id          bigint generated always as identity primary key,
  tenant_id   uuid,
  actor       text not null,
  action      text not null,
  detail      jsonb not null default '{}',
  created_at  timestamptz not null default now()
);
create index audit_by_tenant on audit (tenant_id, id desc);
comment on column audit.tenant_id is 'Not a foreign key: what was done to a tenant outlives it.';

create view tenant_whole as
  select t.*,
         c.template_type, c.business_name, c.language, c.hours_json, c.limits,
         s.state as session_state, s.reason as session_reason, s.detail as session_detail,
         s.since as session_since, s.last_qr, s.qr_text, s.qr_seq, s.qr_expires_at, s.last_seen_at,
         s.account, s.account_lid, s.linked_at, s.history_from, s.provider, s.web_version,
         s.capabilities,
         w.worker_name, w.status as worker_status, w.reason as worker_reason,
         w.detail as worker_detail, w.since as worker_since, w.last_error, w.last_error_at,
         w.heartbeat_at
    from tenant t
    join tenant_config c on c.tenant_id = t.id
    join whatsapp_session s on s.tenant_id = t.id
    join worker_process w on w.tenant_id = t.id;
