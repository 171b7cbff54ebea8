"""The numbers that bound a tenant's replies: the daemon's, or the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flowhqd.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What holds for the next message; names, units and zeros are those of the settings."""

    rate_limit_max_per_minute: int
    rate_limit_window_ms: int
    loop_breaker_max_replies: int
    reply_max_age_minutes: int
    owner_pause_minutes: int

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Those of all tenants that have none of their own."""
        return cls(**{name: getattr(settings, name) for name in BOUNDS})

    def with_own(self, limits: Mapping[str, Any]) -> Bounds:
        """A tenant's own in the place of these, as far as ``limits`` has them."""
        own = {name: limits[name] for name in BOUNDS if limits.get(name) is not None}
        return replace(self, **own)


BOUNDS = tuple(field.name for field in fields(Bounds))
