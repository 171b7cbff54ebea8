"""The pictures of a QR code are read back by a decoder that is not ours."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

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
    rows: list[list[int]] = []
    for line in qr.terminal(PAIRING).splitlines():
        rows.append([halves[character][0] for character in line])
        rows.append([halves[character][1] for character in line])
    picture = cv2.resize(
        np.array(rows, np.uint8), None, fx=6, fy=6, interpolation=cv2.INTER_NEAREST
    )
    encoded, data = cv2.imencode(".png", picture)
    assert encoded
    assert decode(data.tobytes()) == PAIRING


def test_svg_has_a_light_background_and_no_fixed_size() -> None:
    text = qr.svg(PAIRING).decode()
    assert "<svg" in text
    assert 'fill="#fff"' in text
    assert "viewBox" in text


def test_too_long_a_text_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="data"):
        qr.png("x" * 3000)
