"""Facts of this installation, kept in its database."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flowhqd.store.queries import sql

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

_MESSAGE_ID_KEY = "message-id-key"


async def message_id_key(connection: Connection) -> bytes:
    """The secret (32 bytes) that message ids are derived with; made once."""
    await connection.execute(sql.installation_set_once, _MESSAGE_ID_KEY, secrets.token_bytes(32))
    key: bytes = await connection.fetchval(sql.installation_value, _MESSAGE_ID_KEY)
    return key
