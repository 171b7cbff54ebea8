"""What a phone or the servers refuse."""

from __future__ import annotations

from flowhqd.errors import FlowHQError


class QrRejected(FlowHQError):
    """The phone does not accept this QR code: stale, of another page, or malformed."""

    code = "qr_rejected"


class CodeRejected(FlowHQError):
    """The phone does not accept this pairing code: unknown, expired, or for another number."""

    code = "code_rejected"
