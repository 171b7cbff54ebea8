"""JSON answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel


def json_response(
    value: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    content_type: str = "application/json",
) -> web.Response:
    """``value`` as JSON; times in UTC with a Z, models by their fields."""
    body = orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    return web.Response(body=body, status=status, headers=headers, content_type=content_type)


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, UUID):
        # asyncpg's own subclass, which orjson does not know.
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
