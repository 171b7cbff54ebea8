"""The pictures of a QR code are read back by a decoder that is not ours."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from flowhqd import qr
from tests.scanner import decode

# As long and as mixed as what WhatsApp shows.
PAIRING = "2@" + "kQ7x+Zb/4" * 18 + "==,Ab9/" + "x1Y+" * 10 + "=,Zm9v/QmFy+w==,1"


@pytest.mark.parametrize("text", [PAIRING, "x", "Habari ✓"])
def test_png_reads_back(text: str) -> None:
    assert decode(qr.png(text)) == text


def test_data_url_is_the_png() -> None:
    head, _, data = qr.png_data_url(PAIRING).partition(",")
    assert head == "data:image/png;base64"
    assert decode(base64.b64decode(data)) == PAIRING


def test_terminal_drawing_reads_back() -> None:
    """Each character is two modules above each other; light ones are drawn."""
    halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
    rows: list[bytes] = []
    for line in qr.terminal(PAIRING).splitlines():
        rows.append(bytes(halves[character][0] for character in line))
        rows.append(bytes(halves[character][1] for character in line))
    width, height = len(rows[0]), len(rows)
    picture = Image.frombytes("L", (width, height), b"".join(rows))
    out = io.BytesIO()
    picture.resize((6 * width, 6 * height), Image.Resampling.NEAREST).save(out, "PNG")
    assert decode(out.getvalue()) == PAIRING


def test_svg_has_a_light_background_and_no_fixed_size() -> None:
    text = qr.svg(PAIRING).decode()
    assert "<svg" in text
    assert 'fill="#fff"' in text
    assert "viewBox" in text


def test_too_long_a_text_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="data"):
        qr.png("x" * 3000)
