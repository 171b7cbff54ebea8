"""One round of QR codes: how many were shown, and when the current one goes stale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# The first code lasts 60 s, further ones 20 s, six in all: whatsmeow, Baileys and WAHA agree.
CODES = 6
FIRST_SECONDS = 60.0
FURTHER_SECONDS = 20.0
# A page that shows no new code this long after the last went stale will not by itself.
GRACE_SECONDS = 15.0


@dataclass(slots=True)
class PairingRound:
    """``seq`` counts the codes of this round from 1."""

    seq: int = 0
    expires_at: datetime | None = None

    def show(self, now: datetime) -> bool:
        """Count a new code; False when the round is over and it is not to be shown."""
        if self.seq >= CODES:
            return False
        self.seq += 1
        seconds = FIRST_SECONDS if self.seq == 1 else FURTHER_SECONDS
        self.expires_at = now + timedelta(seconds=seconds)
        return True

    @property
    def is_last(self) -> bool:
        """Whether no further code follows in this round."""
        return self.seq >= CODES

    def patience(self, now: datetime) -> float:
        """Seconds until a further code should have come."""
        if self.expires_at is None:
            return FIRST_SECONDS
        return max(0.0, (self.expires_at - now).total_seconds()) + GRACE_SECONDS
