"""An owner's form that was refused, with what was typed, to be sent again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from flowhqd.http.again import Typed
from flowhqd.http.portal.i18n import N_
from flowhqd.http.portal.pages.render import reader_of, render

# Who agrees to the linking has to have before their eyes what to.
FORMS = re.compile(
    r"/app/(?!(?:login|signup|logout|logout-everywhere|language|invite|reset|whatsapp)\b)[^\\\s]*"
)
"""The forms that are kept."""

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "body": N_("What the bot says"),
        "business_name": N_("Name of the business"),
        "closed": N_("Holidays, one date a line"),
        "closed_more": N_("One more holiday"),
        "name": N_("Name of the business"),
        "notes": N_("Anything else?"),
        "number": N_("Phone number"),
        "text": N_("Type a message as a customer would"),
        "whatsapp_number": N_("WhatsApp number"),
    }
)
"""What is typed in words; the rest, such as what was chosen, is sent along unseen."""


def show(request: web.Request, typed: Typed, *, status: int) -> web.Response:
    """The page with what was typed, ready to be sent with the present login's token."""
    say = reader_of(request).say
    labels = {name: say(label) for name, label in LABELS.items() if typed.fields.get(name)}
    return render(request, "again.html", status=status, typed=typed, labels=labels)
