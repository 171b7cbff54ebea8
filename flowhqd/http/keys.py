"""What JSON and pages both do with the keys of programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from flowhqd.http.models import Body, Name
from flowhqd.http.services import Services
from flowhqd.http.views import View
from flowhqd.store import api_keys, states
from flowhqd.store.api_keys import ApiKey, Scope


class KeyCreate(Body):
    """A new key; ``admin`` among its scopes lets it do everything."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1)]


class KeyView(View):
    """A key without its secret."""

    id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyAnswer(View):
    key: KeyView


class NewKeyAnswer(KeyAnswer):
    """``secret`` is the key itself; it is shown this once."""

    secret: str


class KeyList(View):
    """Every key: those that are good first, then the newest."""

    keys: list[KeyView]


async def list_(daemon: Services) -> list[KeyView]:
    """Every key: those that are good first, then the newest."""
    async with daemon.database.connection() as connection:
        return [view(key) for key in await api_keys.all_(connection)]


async def create(daemon: Services, body: KeyCreate, *, actor: str) -> NewKeyAnswer:
    """Make a key; raises Conflict when there are too many."""
    async with daemon.database.transaction() as connection:
        key, secret = await api_keys.create(connection, body.name, body.scopes)
        detail = {"id": str(key.id), "name": key.name, "scopes": list(key.scopes)}
        await states.audit(connection, None, actor=actor, action="key_created", detail=detail)
    return NewKeyAnswer(key=view(key), secret=secret)


async def revoke(daemon: Services, key_id: UUID, *, actor: str) -> KeyView:
    """Let a key be good no more; raises NotFound. Doing it twice is doing it once."""
    async with daemon.database.transaction() as connection:
        key = await api_keys.revoke(connection, key_id)
        detail = {"id": str(key.id), "name": key.name}
        await states.audit(connection, None, actor=actor, action="key_revoked", detail=detail)
    return view(key)


def view(key: ApiKey) -> KeyView:
    """A key as it is shown."""
    return KeyView.model_validate(key)
