"""What schemathesis cannot know of the document: texts of formats that no standard has, and what a
schema cannot tell."""

from __future__ import annotations

import json
import string
from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import RejectedPositiveData

from flowhqd.http import cursors

UNTELLABLE = (
    "the end must be after the start",
    "overlaps another opening time",
    "is no tenant's id",
    "is no cursor of this list",
    "is required: the request names none",
)
"""Why data is refused that fits the schema."""

WORD = st.text(string.ascii_letters + string.digits + "éñ你🙂'&<", min_size=1, max_size=20)
NUMBER = st.text(string.digits, min_size=6, max_size=6).map(lambda digits: f"+255712{digits}")
MAILBOX = st.text(string.ascii_lowercase, min_size=1, max_size=8)

for name, texts in {
    "line of text": WORD,
    "text": WORD,
    "message id": WORD,
    "phone number": NUMBER,
    "chat": NUMBER | NUMBER.map(lambda number: f"{number[1:]}@c.us"),
    "email": MAILBOX.map(lambda word: f"{word}@example.com"),
    "time zone": st.sampled_from(["Africa/Dar_es_Salaam", "Africa/Nairobi", "UTC"]),
    "date": st.dates(date(1970, 1, 1), date(2999, 12, 31)).map(str),
    "cursor": st.just(cursors.encode("tenants", "2026-11-21T00:00:00+00:00", "0" * 32)),
}.items():
    schemathesis.openapi.format(name, texts)


@schemathesis.hook
def filter_failure(
    _: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Whether ``failure`` is one."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    errors = json.loads(response.content).get("errors") or {"": ""}
    return not all(text.startswith(UNTELLABLE) for text in errors.values())
