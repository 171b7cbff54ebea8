-- name: reply_texts_lock
-- Texts of one tenant are saved one at a time: their versions are counted.
select 1 from tenant where id = $1 for update;

-- name: reply_text_insert
-- The next version of a text.
insert into reply_template (tenant_id, key, language, version, body, created_by)
select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5
  from reply_template
 where tenant_id = $1 and key = $2 and language = $3
returning *;

-- name: reply_text_versions_drop
-- The versions of a text up to one: more than these are never kept.
delete from reply_template
 where tenant_id = $1 and key = $2 and language = $3 and version <= $4;

-- name: reply_texts_newest
-- The newest version of every text that a tenant has written.
select distinct on (key, language) *
  from reply_template
 where tenant_id = $1
 order by key, language, version desc;

-- name: reply_text_versions
-- All versions of one text, newest first.
select * from reply_template
 where tenant_id = $1 and key = $2 and language = $3
 order by version desc;
