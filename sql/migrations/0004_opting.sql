-- Customers opt out of answers by a message, and in again; what the owner decided stays the owner's.

alter table contact
  add column opted_out_by text check (opted_out_by in ('customer', 'owner')),
  add column opting_at timestamptz;
comment on column contact.opted_out_by is 'Who wants it so: the customer, who can undo it by a message, or the tenant''s owner.';
comment on column contact.opting_at is 'When the customer last opted out or in, by WhatsApp''s clock: what is found later but was written before changes nothing.';

-- Until now only owners could.
update contact set opted_out_by = 'owner' where opted_out_at is not null;
alter table contact add check ((opted_out_at is null) = (opted_out_by is null));
