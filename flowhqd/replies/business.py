"""The business that answers: what the replies need to know of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from flowhqd.replies.hours import OpeningHours, in_zone
from flowhqd.states import Language

DEFAULT_ZONE = ZoneInfo("Africa/Dar_es_Salaam")
"""Whose "kesho" it is when a business has no opening hours, and so no time zone, of its own."""


@dataclass(frozen=True, slots=True)
class Business:
    """A tenant's side of a conversation.

    ``hours`` None means always open. ``texts`` has the tenant's own versions of texts by key; a key
    such as ``prices`` is in the tenant's language, ``prices@EN`` is in another one.
    """

    name: str
    template: str
    language: Language
    hours: OpeningHours | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def own_text(self, key: str, language: Language) -> str | None:
        """The tenant's own version of a text, or None where the shipped one serves."""
        own = self.texts.get(f"{key}@{language.value}")
        if own is None and language is self.language:
            own = self.texts.get(key)
        return own if own and own.strip() else None

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the business's wall clock."""
        return self.hours.zone if self.hours else DEFAULT_ZONE

    def local(self, now: datetime) -> datetime:
        """An aware time on the business's wall clock."""
        return in_zone(now, self.zone)

    def is_open(self, now: datetime) -> bool:
        """Whether messages are answered at an aware time."""
        return self.hours is None or self.hours.is_open(now)
