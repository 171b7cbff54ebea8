"""A database that goes away at the end of a chosen transaction, on either side of its COMMIT."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from flowhqd.errors import StoreUnavailable
from flowhqd.store.database import Database

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

Moment = Literal["before", "after"]
"""Before the COMMIT, so that nothing is stored; or after it, so that all is and nobody knows."""


class ShakyDatabase(Database):
    """The real one; ``spoil`` says which transaction it does not survive."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.pool)
        self._query: str | None = None
        self._arguments: tuple[object, ...] = ()
        self._moment: Moment = "before"
        self.spoiled = 0

    def spoil(self, moment: Moment, query: str, *arguments: object) -> None:
        """End the next transaction at whose end ``query`` is true."""
        self._moment, self._query, self._arguments = moment, query, arguments

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        is_spoiled = False
        async with super().transaction() as connection:
            yield connection
            if self._query is not None and await connection.fetchval(self._query, *self._arguments):
                self._query = None
                self.spoiled += 1
                is_spoiled = True
                if self._moment == "before":
                    raise StoreUnavailable("the database does not answer: lost before COMMIT")
        if is_spoiled:
            raise StoreUnavailable("the database does not answer: lost after COMMIT")
