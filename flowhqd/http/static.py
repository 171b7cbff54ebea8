"""The files of ``web/static``, and what of ``web/vendor`` pages use; browsers may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

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
    path: Path
    version: str


class Assets:
    """The files there are, read once for their versions; nothing else is served."""

    def __init__(self) -> None:
        files = (*resource("web/static").iterdir(), *map(resource, VENDORED))
        self._assets = {
            path.name: Asset(path, hashlib.sha256(path.read_bytes()).hexdigest()[:12])
            for path in files
            if path.suffix in TYPES
        }

    def url(self, name: str) -> str:
        """The address of a file in its present version."""
        return f"/static/{name}?v={self._assets[name].version}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A file, to be kept for ever when asked for by its version."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        is_current = request.query.get("v") == asset.version
        return web.FileResponse(
            asset.path,
            headers={
                "Content-Type": TYPES[asset.path.suffix],
                "Cache-Control": FOR_EVER if is_current else ASK_AGAIN,
            },
        )
