"""What a customer wrote, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flowhqd.states import Language


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One inbound message at an aware time ``now``, with what its conversation remembers.

    ``message_type`` is WhatsApp's ("chat" is plain text); for media ``text`` is the caption.
    ``away_until`` is the opening that was already told in this conversation, ``previous_rule`` the
    rule that gave the last recent answer. ``has_opted_out``: they asked for no more answers.
    """

    text: str
    now: datetime
    message_type: str = "chat"
    away_until: datetime | None = None
    previous_rule: str | None = None
    has_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The one text to send, and why.

    ``rule`` and ``away_until`` are what the conversation has to remember: the latter is set when
    the answer is the away text. ``key`` names the text that was rendered. ``found`` is what was
    read out of the message: ``date`` (ISO), ``time`` (24 hours), and the name of each choice the
    template knows, such as ``service``.
    """

    text: str
    rule: str
    key: str
    language: Language
    away_until: datetime | None = None
    found: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is to be sent; ``reason`` is "hours": closed, and the customer was told so."""

    reason: str
