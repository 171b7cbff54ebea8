"""Cursors: where the next page of a list begins, in a form that only its own list takes back."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from uuid import UUID

import orjson

from flowhqd.http.errors import BadCursor

MAX_LENGTH = 512
_CHECK_BYTES = 8


def encode(scope: str, *position: str | int) -> str:
    """A cursor for the list named ``scope``."""
    data = orjson.dumps(position)
    return _spell(_check(scope, data) + data)


def decode(scope: str, cursor: str, *, field: str = "cursor") -> list[str | int]:
    """The position that ``encode`` was given; raises BadCursor, about ``field``, for any other
    text."""
    bad = BadCursor(field, "is no cursor of this list; take it from 'next' as it is")
    if len(cursor) > MAX_LENGTH:
        raise bad
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
    except (UnicodeEncodeError, binascii.Error):
        raise bad from None
    check, data = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    # Against mix-ups, not against forgers: who may read the list may read all of it. Base64 has
    # several spellings of the same bytes; one is ours.
    if check != _check(scope, data) or _spell(raw) != cursor:
        raise bad
    position: list[str | int] = orjson.loads(data)
    return position


def of_row(scope: str, created_at: datetime, row_id: UUID) -> str:
    """A cursor for a list that goes by age."""
    return encode(scope, created_at.isoformat(), str(row_id))


def row_position(scope: str, cursor: str, *, field: str) -> tuple[datetime, UUID]:
    """What ``of_row`` was given; raises BadCursor."""
    position = decode(scope, cursor, field=field)
    try:
        created_at, row_id = position
        return datetime.fromisoformat(str(created_at)), UUID(str(row_id))
    except ValueError:
        raise BadCursor(field, "is from another version of flowhqd") from None


def _spell(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _check(scope: str, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=scope.encode()[:64], digest_size=_CHECK_BYTES).digest()
