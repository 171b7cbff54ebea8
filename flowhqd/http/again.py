"""What was typed into a form, offered again where it could not be taken.

A form is refused when its login is over, or its token is of an earlier one. Nobody shall lose what
they typed to that: once logged in they look through it and send it again themselves. Each side's
pages say which of their forms may be kept, by a pattern for the address; a login's never may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import orjson
from aiohttp import web
from yarl import URL

from flowhqd.http.body import FORM, form
from flowhqd.http.errors import RequestError

FIELD = "again"
"""The field of a login form that has what is to be sent again."""

# A user name is there for password managers alone.
_NOT_KEPT = re.compile(r"password|token|secret|username", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's address and fields, without its token and without passwords."""

    action: str
    fields: Mapping[str, str]

    @classmethod
    async def of(cls, request: web.Request, forms: re.Pattern[str]) -> Self | None:
        """What ``request`` sends by one of these ``forms``; None when nothing was typed."""
        if request.content_type != FORM or not forms.fullmatch(str(request.rel_url)):
            return None
        try:
            given = await form(request)
        except RequestError:
            return None
        fields = {name: text for name, text in given.items() if not _NOT_KEPT.search(name)}
        return cls(str(request.rel_url), fields) if fields else None

    @classmethod
    def read(cls, text: str, forms: re.Pattern[str]) -> Self | None:
        """What ``str`` wrote of one of these ``forms``; None for anything else."""
        try:
            action, fields = orjson.loads(text)
        except (ValueError, TypeError):
            return None
        if not (isinstance(action, str) and isinstance(fields, dict) and forms.fullmatch(action)):
            return None
        if not all(isinstance(value, str) for value in fields.values()):
            return None
        return cls(action, fields)

    def __str__(self) -> str:
        return orjson.dumps([self.action, dict(self.fields)]).decode()


def page_of_form(request: web.Request) -> str:
    """The address of the page that a form was on, as the browser tells; empty when it does not."""
    try:
        return str(URL(request.headers.get("Referer", "")).relative())
    except ValueError:
        return ""
