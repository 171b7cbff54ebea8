"""Everything that is kept of a user and their business, as one JSON document in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson

from flowhqd.http.portal import setup
from flowhqd.http.services import Services
from flowhqd.http.views import SetupRequestView
from flowhqd.store import messages, opt_outs, reply_templates
from flowhqd.store.messages import LoggedMessage
from flowhqd.store.people import PortalUser
from flowhqd.store.tenants import Tenant

CHUNK = 500
"""Messages that are read and sent at a time."""
MOST_OPT_OUTS = 100_000


async def document(
    daemon: Services, user: PortalUser, tenant: Tenant | None
) -> AsyncIterator[bytes]:
    """The document: what there is but once, then the messages, newest first."""
    request = await setup.latest(daemon, user)
    head: dict[str, Any] = {
        "exported_at": daemon.clock.now(),
        "account": {
            "email": user.email,
            "language": user.language,
            "created_at": user.created_at,
        },
        "setup_request": SetupRequestView.of(request).model_dump() if request else None,
    }
    if tenant is not None:
        async with daemon.database.connection() as connection:
            texts = await reply_templates.newest(connection, tenant.id)
            silent = await opt_outs.of_tenant(connection, tenant.id, limit=MOST_OPT_OUTS)
        config = tenant.config
        head |= {
            "business": {
                "name": config.business_name,
                "phone_number": tenant.phone_number,
                "linked_number": tenant.session.account,
                "linked_at": tenant.session.linked_at,
                "template_type": config.template_type,
                "language": config.language,
                "hours_json": config.hours_json,
                "created_at": tenant.created_at,
            },
            "texts": [
                {"key": text.key, "language": text.language, "body": text.body} for text in texts
            ],
            "not_answered": [
                {
                    "name": each.name,
                    "number": each.number,
                    "since": each.opted_out_at,
                    "by": each.opted_out_by,
                }
                for each in silent
            ],
        }
    yield _json(head).removesuffix(b"}") + b',"messages":['
    if tenant is not None:
        async for chunk in _messages(daemon, tenant):
            yield chunk
    yield b"]}\n"


async def _messages(daemon: Services, tenant: Tenant) -> AsyncIterator[bytes]:
    before: int | None = None
    while True:
        async with daemon.database.connection() as connection:
            rows = await messages.page(connection, tenant.id, before=before, limit=CHUNK)
        if rows:
            yield (b"," if before else b"") + b",".join(_json(_message(row)) for row in rows)
        if len(rows) < CHUNK:
            return
        before = rows[-1].seq


def _message(row: LoggedMessage) -> dict[str, Any]:
    names = ("direction", "from_number", "to_number", "message_text", "message_type")
    values = {name: getattr(row, name) for name in names}
    return {"at": row.created_at, **values, "status": row.status, "reason": row.reason}


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)
