-- Advisory locks of flowhqd share their first key, 1181511543 ("Flow" in ASCII).

-- name: migration_table_create
-- The list of applied migrations; the only table no migration makes.
create table if not exists schema_migration (
  version    integer primary key,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now()
);

-- name: migration_table_exists
-- Whether any migration was ever applied here.
select to_regclass('schema_migration') is not null;

-- name: migrations_applied
-- What was applied, oldest first.
select version, name, sha256 from schema_migration order by version;

-- name: migration_record
-- Note one migration as applied, in the transaction that applies it.
insert into schema_migration (version, name, sha256) values ($1, $2, $3);

-- name: migration_lock
-- Try to become the one who migrates; held by the connection until released.
select pg_try_advisory_lock(1181511543, 2);

-- name: migration_unlock
-- Let the next one migrate.
select pg_advisory_unlock(1181511543, 2);

-- name: migration_no_timeout
-- A migration of a large table may take longer than any query of the daemon.
select set_config('statement_timeout', '0', false);

-- name: migration_restore_timeout
-- Back to the connection's own limit.
reset statement_timeout;
