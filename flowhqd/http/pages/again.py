"""A form of the admin's pages that was refused, with what was typed, to be sent again."""

from __future__ import annotations

import re

from aiohttp import web

from flowhqd.http import csrf
from flowhqd.http.again import Typed
from flowhqd.http.pages.render import render

FORMS = re.compile(r"/admin(?!/log(?:in|out)\b)/[^\\\s]*")
"""The forms that are kept."""


def show(request: web.Request, typed: Typed, *, status: int) -> web.Response:
    """The page with what was typed, ready to be sent with the present login's token."""
    labels = {
        name: name.capitalize().replace("_", " ") for name, text in typed.fields.items() if text
    }
    return render(
        request, "again.html", status=status, typed=typed, labels=labels, token_field=csrf.FIELD
    )
