"""QR codes of a text, as pictures and for a terminal.

Every form has the quiet zone of four modules that ISO/IEC 18004 asks for; without it decoders miss
the code on a dark page. All functions raise ValueError for a text that is too long for a code.
"""

from __future__ import annotations

import io

import segno

QUIET_ZONE = 4
PIXELS_PER_MODULE = 6
"""A pairing text of 230 characters becomes a picture of 390 pixels."""


def png(text: str) -> bytes:
    """A black and white PNG."""
    out = io.BytesIO()
    _code(text).save(out, kind="png", scale=PIXELS_PER_MODULE, border=QUIET_ZONE)
    return out.getvalue()


def png_data_url(text: str) -> str:
    """The PNG as a ``data:`` URL, for JSON and ``<img src>``."""
    return str(_code(text).png_data_uri(scale=PIXELS_PER_MODULE, border=QUIET_ZONE))


def svg(text: str) -> bytes:
    """An SVG document that scales to any size; its background is white, also on a dark page."""
    out = io.BytesIO()
    _code(text).save(
        out, kind="svg", scale=PIXELS_PER_MODULE, border=QUIET_ZONE, light="white", omitsize=True
    )
    return out.getvalue()


def terminal(text: str) -> str:
    """Lines of block characters, light on dark, two modules to a line."""
    out = io.StringIO()
    _code(text).terminal(out, border=QUIET_ZONE, compact=True)
    return out.getvalue()


def _code(text: str) -> segno.QRCode:
    # Level L keeps the modules large; segno raises it by itself where that costs no size.
    return segno.make(text, error="l", micro=False)
