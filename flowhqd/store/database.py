"""The database as the rest of flowhqd uses it: connections and transactions that say when it is
away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from flowhqd.store.errors import store_errors

if TYPE_CHECKING:
    import asyncpg

    from flowhqd.store.pool import Connection

ACQUIRE_SECONDS = 10.0


class Database:
    """A pool whose failures come as StoreUnavailable."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements."""
        with store_errors():
            async with self.pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection inside one transaction.

        StoreUnavailable out of the end of the block leaves open whether it was committed: read it
        again by its key.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection
