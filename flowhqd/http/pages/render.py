"""From a template in ``web/templates`` to a response."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from flowhqd.http import csrf
from flowhqd.http.auth import IDENTITY
from flowhqd.http.pages import words
from flowhqd.http.portal import i18n
from flowhqd.http.static import Assets
from flowhqd.reasons import action
from flowhqd.resources import resource


class _Compiled(jinja2.BytecodeCache):
    """Compiled templates in memory, for a process that makes several applications."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Fill ``bucket`` if its template was compiled before."""
        code = self._code.get(f"{bucket.key} {bucket.checksum}")
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep a compiled template."""
        self._code[f"{bucket.key} {bucket.checksum}"] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def setup(app: web.Application, assets: Assets) -> None:
    """Read every template, so that none is read while a request waits."""
    filters: dict[str, Callable[..., Any]] = {
        "moment": moment,
        "ago": ago,
        "size": size,
        "from_now": from_now,
        "seconds_left": seconds_left,
        "code": code,
        "clock": clock,
        "todo": action,
        "tone": words.tone,
        "wants_code": words.wants_code,
        "what": words.what,
        "why": words.why,
    }
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(resource("web/templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
        filters=filters,
    )
    i18n.setup(environment)
    environment.globals["asset"] = assets.url
    for name in environment.list_templates():
        environment.get_template(name)


def render(
    request: web.Request, template: str, *, status: int = 200, **values: Any
) -> web.Response:
    """The page ``template`` with ``values``, and what every page needs."""
    identity = request.get(IDENTITY)
    session = identity.session if identity else None
    common = {
        "path": request.path,
        "is_admin": identity is not None,
        "csrf_token": csrf.mask(session.csrf_token) if session else "",
    }
    return aiohttp_jinja2.render_template(template, request, {**common, **values}, status=status)


def code(text: str) -> Markup:
    """Text with what stands between backticks set as code."""
    parts = (escape(part) for part in text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def clock(at: datetime, zone: str) -> str:
    """A time on the clock of a time zone, given by its name."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M}"


def ago(at: datetime) -> str:
    """How long a time is past, in its largest unit."""
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"
    return "just now"


def size(count: int) -> str:
    """Bytes in the unit that people would use."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB")):
        if count >= unit:
            return f"{count / unit:.{0 if count >= 100 * unit or name == 'MB' else 1}f} {name}"
    return f"{count / 1024:.0f} KB"


def from_now(milliseconds: int) -> datetime:
    """The time so much later, in whole seconds: a page is the same as long as it is."""
    return (datetime.now(UTC) + timedelta(milliseconds=milliseconds)).replace(microsecond=0)


def seconds_left(until: datetime) -> int:
    """Seconds to a time, none when it is past."""
    return max(0, math.ceil((until - datetime.now(UTC)).total_seconds()))


def moment(at: datetime) -> str:
    """A time for people; scripts turn it into the reader's own zone."""
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"
