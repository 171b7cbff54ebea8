-- name: owner_acquire
-- Try to become the one daemon of this database; held until the connection ends.
SELECT pg_try_advisory_lock(hashtext('flowhqd'), hashtext('owner'));

-- name: owner_holder
-- The connection that owns this database: its backend, where it comes from and since when.
SELECT activity.pid, host(activity.client_addr) AS address, activity.backend_start
FROM pg_locks AS lock
JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'advisory'
    AND lock.granted
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND lock.classid::bigint = hashtext('flowhqd')::bigint & 4294967295
    AND lock.objid::bigint = hashtext('owner')::bigint & 4294967295;

-- name: owner_ping
-- Whether the connection that holds the lock still answers.
SELECT 1;
