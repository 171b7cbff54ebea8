"""A phone's camera: reads the text back from a picture of a QR code."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image


def decode(picture: bytes) -> str:
    """The text of the code in an encoded image; empty when none is seen."""
    with Image.open(io.BytesIO(picture)) as image:
        codes = zxingcpp.read_barcodes(image.convert("L"))
    return codes[0].text if codes else ""
