"""Links that the operator hands out: each works once, for a while, and is stored as a hash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from flowhqd.errors import NotFound
from flowhqd.store.queries import sql
from flowhqd.store.tickets import digest, new_secret

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


class TokenKind(StrEnum):
    """What a link is for: a first password, or another one."""

    INVITE = "invite"
    RESET = "reset"


LIFETIMES = MappingProxyType(
    {TokenKind.INVITE: timedelta(days=7), TokenKind.RESET: timedelta(hours=24)}
)


class LinkOver(NotFound):
    """A link that was used, is too old, or never was one."""

    code = "link_over"


@dataclass(frozen=True, slots=True)
class Token:
    """The secret part of a link, which is shown once."""

    kind: TokenKind
    value: str = field(repr=False)
    expires_at: datetime


async def create(connection: Connection, kind: TokenKind, user_id: UUID) -> Token:
    """A new link for a user; those not used before work no more."""
    value = new_secret()
    await void(connection, user_id)
    expires_at = await connection.fetchval(
        sql.portal_token_insert, kind, user_id, digest(value), LIFETIMES[kind]
    )
    return Token(kind, value, expires_at)


async def user_of(connection: Connection, kind: TokenKind, value: str) -> UUID:
    """Whom a link is for; raises LinkOver."""
    return _user(await connection.fetchval(sql.portal_token_user, digest(value), kind))


async def use(connection: Connection, kind: TokenKind, value: str) -> UUID:
    """Use a link up and say whom it is for; raises LinkOver."""
    return _user(await connection.fetchval(sql.portal_token_use, digest(value), kind))


async def void(connection: Connection, user_id: UUID) -> None:
    """A user's links that were not used work no more."""
    await connection.execute(sql.portal_tokens_void, user_id)


def _user(found: UUID | None) -> UUID:
    if found is None:
        raise LinkOver("this link was used already or is too old; ask for a new one")
    return found
