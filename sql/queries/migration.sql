-- name: migration_table_create
-- The list of applied migrations; the only table no migration makes.
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: migration_table_exists
-- Whether any migration was ever applied here.
SELECT to_regclass('schema_migration') IS NOT NULL;

-- name: migrations_applied
-- What was applied, oldest first.
SELECT version, name, sha256 FROM schema_migration ORDER BY version;

-- name: migration_record
-- Note one migration as applied; in the transaction that applies it.
INSERT INTO schema_migration (version, name, sha256) VALUES ($1, $2, $3);

-- name: migration_lock
-- Try to become the one who migrates; held by the connection until released.
SELECT pg_try_advisory_lock(hashtext('flowhqd'), hashtext('migration'));

-- name: migration_unlock
-- Let the next one migrate.
SELECT pg_advisory_unlock(hashtext('flowhqd'), hashtext('migration'));

-- name: migration_no_timeout
-- A migration of a large table may take longer than any query of the daemon.
SELECT set_config('statement_timeout', '0', false);

-- name: migration_restore_timeout
-- Back to the connection's own limit.
RESET statement_timeout;
