"""What was typed into a form, offered again where it could not be taken.

A form is refused when its login is over, or its token is of an earlier one. Nobody shall lose what
they typed to that: once logged in they look through it and send it again themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import orjson
from aiohttp import web

from flowhqd.http import csrf
from flowhqd.http.body import FORM, form
from flowhqd.http.errors import RequestError
from flowhqd.http.pages.render import render

FIELD = "again"
"""The field of the login form that has what is to be sent again."""
LONG = 60
"""Characters from which on a text has several lines."""

# What may be kept is a form of the admin's pages, never its login.
_ACTION = re.compile(r"/admin(?!/log(?:in|out)\b)/[^\\\s]*")
_SECRET = re.compile(r"password|token|secret", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's address and fields, without its token and without passwords."""

    action: str
    fields: Mapping[str, str]

    @classmethod
    async def of(cls, request: web.Request) -> Self | None:
        """What ``request`` sends by a form; None when it sends none, or nothing was typed."""
        if request.content_type != FORM or not _ACTION.fullmatch(str(request.rel_url)):
            return None
        try:
            given = await form(request)
        except RequestError:
            return None
        fields = {name: text for name, text in given.items() if not _SECRET.search(name)}
        return cls(str(request.rel_url), fields) if fields else None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What ``str`` wrote; None for anything else."""
        try:
            action, fields = orjson.loads(text)
        except (ValueError, TypeError):
            return None
        if not (isinstance(action, str) and isinstance(fields, dict) and _ACTION.fullmatch(action)):
            return None
        if not all(isinstance(value, str) for value in fields.values()):
            return None
        return cls(action, fields)

    def __str__(self) -> str:
        return orjson.dumps([self.action, dict(self.fields)]).decode()


def show(request: web.Request, typed: Typed, *, status: int) -> web.Response:
    """The page with what was typed, ready to be sent with the present login's token."""
    return render(
        request, "again.html", status=status, typed=typed, token_field=csrf.FIELD, long=LONG
    )
