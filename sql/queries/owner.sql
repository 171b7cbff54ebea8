-- Advisory locks of flowhqd share their first key, 1181511543 ("Flow" in ASCII).

-- name: owner_acquire
-- Try to become the one daemon of this database; held until the connection ends.
select pg_try_advisory_lock(1181511543, 1);

-- name: owner_holder
-- The connection of the daemon that owns this database.
select activity.pid, host(activity.client_addr) as address, activity.backend_start
from pg_locks as lock
join pg_stat_activity as activity using (pid)
where lock.locktype = 'advisory'
  and lock.granted
  and lock.database = (select oid from pg_database where datname = current_database())
  and lock.classid = 1181511543
  and lock.objid = 1;

-- name: owner_ping
-- Whether the connection that holds the lock still answers.
select 1;
