"""Looking at a text before a customer sees it, and what is said of one that cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.errors import Invalid
from flowhqd.replies import Business, OpeningHours, preview, problem_of, registry, validate_text
from flowhqd.replies.render import MAX_TEXT
from flowhqd.states import Language, TemplateType

SATURDAY_NOON = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
HOURS = OpeningHours.parse({"tz": "Africa/Nairobi", "mon": [["09:00", "12:30"]]})
SALON = Business("Asha Salon", "BOOKING", Language.SW)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", [*TemplateType, registry.FALLBACK])
def test_every_shipped_text_can_be_looked_at(name: str, language: Language) -> None:
    for hours in (None, HOURS):
        business = Business("Asha Salon", name, language, hours)
        for key, body in registry.get(name).texts(language).items():
            seen = preview(business, key, language, body, now=SATURDAY_NOON)
            assert seen
            assert "{{" not in seen
            assert "[" not in seen, "a placeholder without an example"


def test_a_preview_has_the_businesss_own_name_and_hours() -> None:
    business = Business("Asha Salon", "BOOKING", Language.EN, HOURS)
    week = preview(
        business, "hours.week", Language.EN, "{{business}}: {{ week }}", now=SATURDAY_NOON
    )
    assert week == "Asha Salon: Monday: 9 am to 12:30 pm\nTuesday to Sunday: closed"
    away = preview(business, "away.opening", Language.EN, "{{ opening }}", now=SATURDAY_NOON)
    assert away == "on Monday at 9 am"
    when = preview(
        SALON, "booking.when_service", Language.SW, "{{ when }} {{ service }}", now=SATURDAY_NOON
    )
    assert when == "kesho (Jumapili tarehe 22 Novemba), saa nne asubuhi kusuka nywele"


def test_a_schedule_that_never_opens_can_be_looked_at() -> None:
    never = OpeningHours.parse({"tz": "Africa/Nairobi"})
    business = Business("Asha Salon", "BOOKING", Language.EN, never)
    seen = preview(business, "away.opening", Language.EN, "{{ opening }}", now=SATURDAY_NOON)
    assert seen == "tomorrow at 8 am"


@pytest.mark.parametrize(
    ("key", "body", "kind", "place"),
    [
        ("prices", "Bei\nni {{ price }}", "unknown_placeholder", (2, 4)),
        ("prices", "Bei ni {{ business", "stray_braces", (1, 8)),
        ("prices", " \n ", "empty", (1, 1)),
        ("prices", "a" * (MAX_TEXT + 1), "too_long", (1, MAX_TEXT + 1)),
        ("prices", "Bei\x00", "unsendable", (1, 4)),
        ("booking.day", "{{ day }} {{ service }}", "unknown_placeholder", (1, 11)),
    ],
)
def test_a_problem_says_what_and_where(
    key: str, body: str, kind: str, place: tuple[int, int]
) -> None:
    problem = problem_of(key, body)
    assert problem is not None
    assert (problem.kind, (problem.line, problem.column)) == (kind, place)
    with pytest.raises(Invalid) as refused:
        validate_text(key, body)
    assert refused.value.errors == {"body": str(problem)}


@given(st.text(alphabet=st.sampled_from("{} \nabusine_\x00😀")))
def test_what_has_no_problem_can_be_rendered(body: str) -> None:
    if problem_of("prices", body) is None:
        seen = preview(SALON, "prices", Language.SW, body, now=SATURDAY_NOON)
        assert "{{" not in seen
        assert "}}" not in seen
