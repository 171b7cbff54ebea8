"""A phone's camera: reads the text back from a picture of a QR code."""

from __future__ import annotations

import cv2
import numpy as np


def decode(picture: bytes) -> str:
    """The text of the code in an encoded image; empty when none is seen."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return str(cv2.QRCodeDetector().detectAndDecode(image)[0])
