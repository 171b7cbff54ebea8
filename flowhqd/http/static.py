"""The files of ``web/static``, and what of ``web/vendor`` pages use; browsers may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType

from aiohttp import hdrs, web

from flowhqd.http.compression import accepts_gzip, compress
from flowhqd.resources import resource

TYPES = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)
VENDORED = ("web/vendor/uplot/uPlot.iife.min.js", "web/vendor/uplot/uPlot.min.css")
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    compressed: bytes
    type: str
    version: str


class Assets:
    """The files there are, read once; nothing else is served."""

    def __init__(self) -> None:
        files = (*resource("web/static").iterdir(), *map(resource, VENDORED))
        self._assets = {
            path.name: _read(path.read_bytes(), TYPES[path.suffix])
            for path in files
            if path.suffix in TYPES
        }

    def url(self, name: str) -> str:
        """The address of a file in its present version."""
        return f"/static/{name}?v={self._assets[name].version}"

    async def serve(self, request: web.Request) -> web.Response:
        """A file, to be kept for ever when asked for by its version."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        is_current = request.query.get("v") == asset.version
        headers = {
            hdrs.CACHE_CONTROL: FOR_EVER if is_current else ASK_AGAIN,
            hdrs.ETAG: f'W/"{asset.version}"',
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if asset.version in (tag.value for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        headers[hdrs.CONTENT_TYPE] = asset.type
        if not accepts_gzip(request):
            return web.Response(body=asset.body, headers=headers)
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=asset.compressed, headers=headers)


def _read(body: bytes, content_type: str) -> Asset:
    version = hashlib.sha256(body).hexdigest()[:12]
    return Asset(body, compress(body), content_type, version)
