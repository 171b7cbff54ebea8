"""From a template in ``web/templates`` to a response."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from markupsafe import Markup, escape

from flowhqd.http.auth import IDENTITY
from flowhqd.http.pages import words
from flowhqd.http.static import Assets
from flowhqd.resources import resource


def setup(app: web.Application, assets: Assets) -> None:
    """Read every template, so that none is read while a request waits."""
    filters: dict[str, Callable[..., str]] = {
        "moment": moment,
        "code": code,
        "tone": words.tone,
        "what": words.what,
    }
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(resource("web/templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        filters=filters,
    )
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
        "csrf_token": session.csrf_token if session else "",
    }
    return aiohttp_jinja2.render_template(template, request, {**common, **values}, status=status)


def code(text: str) -> Markup:
    """Text with what stands between backticks set as code."""
    parts = (escape(part) for part in text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def moment(at: datetime) -> str:
    """A time for people; scripts turn it into the reader's own zone."""
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M} UTC"
