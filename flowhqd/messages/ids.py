"""Message ids fixed in advance, so that a reply can be looked up before it is ever sent again."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

# Ids that WhatsApp Web makes itself start so and have 22 characters; clients guess the sending
# device from prefix and length (whatsapp-web.js, structures/Message.js).
_PREFIX = "3EB0"
_HEX_DIGITS = 18


def reply_id(key: bytes, tenant_id: UUID, contact_id: UUID, inbound_id: str, purpose: str) -> str:
    """The id of the answer to one message: the same on every try, and nobody else's."""
    return _derived(key, str(tenant_id), str(contact_id), inbound_id, purpose)


def manual_id(key: bytes, tenant_id: UUID, request: str) -> str:
    """The id of a message that somebody asked to have sent; ``request`` names the asking."""
    return _derived(key, str(tenant_id), request)


def _derived(key: bytes, *parts: str) -> str:
    text = "\0".join(parts)
    digest = hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return _PREFIX + digest[:_HEX_DIGITS].upper()
