"""A text as a customer would get it, with examples for what would be found in a message."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flowhqd.replies import registry
from flowhqd.replies.business import DEFAULT_ZONE, Business
from flowhqd.replies.hours import OpeningHours
from flowhqd.replies.render import placeholders, render
from flowhqd.replies.spoken import say_day, say_opening, say_time, say_week
from flowhqd.states import Language

EXAMPLE_TIME = time(10)
_EXAMPLE_DAY = ((8 * 60, 17 * 60),)
EXAMPLE_HOURS = OpeningHours(DEFAULT_ZONE, (*(_EXAMPLE_DAY,) * 6, ()))
"""What a business without opening hours is shown in their place."""


def preview(business: Business, key: str, language: Language, body: str, *, now: datetime) -> str:
    """``body`` as the text ``key``, with the business's name and hours and example values."""
    return render(body, examples(business, key, language, now=now))


def examples(business: Business, key: str, language: Language, *, now: datetime) -> dict[str, str]:
    """A value for every placeholder that the text may have; ``now`` is aware."""
    local = business.local(now)
    tomorrow = local.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
    day = say_day(language, tomorrow.date(), local.date())
    hours = business.hours or EXAMPLE_HOURS
    opening = hours.next_opening(tomorrow.replace(hour=0)) or tomorrow
    known = {
        "business": business.name,
        "day": day,
        "when": f"{day}, {say_time(language, EXAMPLE_TIME)}",
        "week": say_week(language, hours),
        "opening": say_opening(language, opening, local),
    }
    choices = registry.get(business.template).catalogues[language].choices
    return {
        name: known.get(name) or next(iter(choices.get(name, {}).values()), f"[{name}]")
        for name in placeholders(key)
    }
