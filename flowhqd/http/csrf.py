"""Keeps other pages from acting with the cookie of a login.

Pages are compressed, and how small one gets tells a listener on the line whether something in it
repeats what stands elsewhere in it. So a token is masked: it looks different in every answer.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets

from aiohttp import web

from flowhqd.http.body import FORM, form
from flowhqd.http.errors import BadCsrfToken

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


def mask(token: str) -> str:
    """A login's token as one answer shows it."""
    pad = secrets.token_bytes(len(token))
    return base64.urlsafe_b64encode(pad + _xor(pad, token.encode())).decode()


async def check(request: web.Request, expected: str) -> None:
    """Raise BadCsrfToken unless the request has the token of the login's own pages."""
    token = request.headers.get(HEADER)
    if token is None and request.content_type == FORM:
        token = (await form(request)).get(FIELD)
    if not hmac.compare_digest(unmask(token or ""), expected.encode()):
        raise BadCsrfToken("this page is from an earlier login; open it again and repeat")


def unmask(text: str) -> bytes:
    """The token behind a masked one; empty, so never right, for what is none."""
    try:
        both = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
    half = len(both) // 2
    return _xor(both[:half], both[half:])


def _xor(pad: bytes, text: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(pad, text, strict=False))
