-- name: database_facts
-- Which PostgreSQL this is, and how much its database takes.
select current_setting('server_version') as version,
       pg_database_size(current_database()) as bytes;

-- name: web_versions
-- Which versions of WhatsApp Web the connected sessions were given, the commonest first.
select web_version as version, count(*) as tenants
  from whatsapp_session
 where state = 'CONNECTED' and web_version is not null
 group by web_version
 order by tenants desc, version desc;

-- name: tenant_names
-- What tenants are called.
select id, name from tenant where id = any($1::uuid[]);
