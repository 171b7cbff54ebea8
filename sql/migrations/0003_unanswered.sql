-- What nobody answered is a person's to see to, and stays listed until somebody has.

alter table message_log
  add column settled_at timestamptz,
  add column settled_by text;
comment on column message_log.settled_at is 'When a person saw to a message that was not answered.';
comment on column message_log.settled_by is 'Who: phone (the owner answered there), api (a message was sent from here), or the actor who said so.';

alter table message_log
  add column needs_person boolean not null generated always as (
    settled_at is null
    and case direction
          when 'IN' then status in ('UNANSWERED', 'SUPPRESSED', 'QUEUE_FULL', 'FAILED')
                         and coalesce(reason, '') not in
                             ('opted_out', 'owner_active', 'owner_answered', 'revoked')
          else status in ('UNKNOWN', 'FAILED')
               and coalesce(purpose, '') not in ('wait', 'warning', 'test')
        end
  ) stored;

drop index message_for_people;
create index message_for_people on message_log (tenant_id, seq) where needs_person;
create index message_for_people_of_all on message_log (seq) where needs_person;

-- Whether a crowd was asked to wait is read from its rows.
alter table contact drop column wait_told_at;
