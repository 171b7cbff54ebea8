"""The one place that knows which asyncpg errors mean that the database is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from flowhqd.errors import StoreUnavailable

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    # A statement that runs into the server's statement_timeout.
    asyncpg.QueryCanceledError,
    # A server that became a standby while we were connected.
    asyncpg.ReadOnlySQLTransactionError,
)
# asyncpg raises plain InterfaceError both for a lost connection and for wrong use of its API; only
# its text tells which. A pooled connection that is lost counts as released.
_LOST_TEXTS = ("is closed", "is closing", "released back to the pool")

# An idle connection that the server ended, used before its end was read: asyncpg still deals with
# the server's farewell, and takes that for an operation of ours.
_ENDED_TEXT = "cannot switch to state"


def is_unavailable(error: BaseException) -> bool:
    """Whether ``error`` says that the database is away rather than that the query is wrong."""
    if isinstance(error, asyncpg.ProtocolViolationError):
        return False
    if isinstance(error, asyncpg.InterfaceError):
        return any(text in str(error) for text in _LOST_TEXTS)
    if isinstance(error, asyncpg.InternalClientError):
        return _ENDED_TEXT in str(error)
    return isinstance(error, _AWAY)


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what asyncpg raises for an absent database into StoreUnavailable.

    A write that ends so may or may not have been committed: read it again by its key. Other errors,
    such as a broken constraint, pass unchanged.
    """
    try:
        yield
    except Exception as error:
        if not is_unavailable(error):
            raise
        text = str(error) or type(error).__name__
        raise StoreUnavailable(f"the database does not answer: {text}") from error
