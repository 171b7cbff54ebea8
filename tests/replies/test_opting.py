"""Which messages ask for no more answers, or for answers again, and what is said to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.replies import Answer, Business, Inquiry, OpeningHours, answer
from flowhqd.replies.opting import Opting, opting
from flowhqd.states import Language

NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
CLOSED = OpeningHours.parse({"tz": "UTC", "mon": [["08:00", "17:00"]]})
WORDS = {
    **dict.fromkeys(("stop", "unsubscribe", "acha", "sitisha"), Opting.OUT),
    **dict.fromkeys(("start", "anza"), Opting.IN),
}


@pytest.mark.parametrize(("word", "asked"), WORDS.items())
@pytest.mark.parametrize("shape", ["{}", "{}.", " {} \n", "{}!!!", "“{}”", "*{}*", "{} 🛑", "…{}?"])
@pytest.mark.parametrize("write", [str.lower, str.upper, str.title])
def test_a_word_alone_counts_however_it_is_typed(
    word: str, asked: Opting, shape: str, write: Callable[[str], str]
) -> None:
    assert opting(shape.format(write(word)), "chat") is asked


@pytest.mark.parametrize(
    "text",
    [
        "Stop, I will come tomorrow", "don't stop", "stop stop", "acha kwanza nifikirie",
        "acha bei", "nimeacha", "sitisha oda yangu", "nitaanza kesho", "anza na bei",
        "start at ten", "stopp", "starter", "unsubscribed", "", "🛑", "STOP\nBei gani?",
    ],
)  # fmt: skip
def test_a_word_among_others_does_not(text: str) -> None:
    assert opting(text, "chat") is None


@given(st.sampled_from(sorted(WORDS)), st.text("abcdefghij ", min_size=1), st.booleans())
def test_with_any_other_word_it_is_a_message_like_others(
    word: str, other: str, is_first: bool
) -> None:
    text = f"{word} {other}" if is_first else f"{other} {word}"
    assert opting(text, "chat") is (None if other.split() else WORDS[word])


def test_a_caption_is_none() -> None:
    assert opting("STOP", "image") is None


@pytest.mark.parametrize("template", ["BOOKING", "ECOMMERCE", "SUPPORT", "FALLBACK"])
@pytest.mark.parametrize(
    ("language", "back"), [(Language.SW, "andika neno moja tu: ANZA"), (Language.EN, "word: START")]
)
@pytest.mark.parametrize("text", ["Stop", "ACHA"])
def test_the_business_confirms_in_its_own_language_at_any_hour(
    template: str, language: Language, back: str, text: str
) -> None:
    for hours in (None, CLOSED):
        business = Business("Saluni", template, language, hours)
        said = answer(business, Inquiry(text, NOW, away_until=datetime(2026, 12, 1, tzinfo=UTC)))
        assert isinstance(said, Answer)
        assert (said.rule, said.key, said.language) == ("opt_out", "opt_out", language)
        assert back in said.text
        assert "Saluni" in said.text
        assert said.away_until is None


def test_start_means_something_to_who_opted_out_alone() -> None:
    salon = Business("Saluni", "BOOKING", Language.EN)
    back = answer(salon, Inquiry("START", NOW, has_opted_out=True))
    assert isinstance(back, Answer)
    assert (back.rule, back.text[:12]) == ("opt_in", "Welcome back")
    other = answer(salon, Inquiry("START", NOW))
    assert isinstance(other, Answer)
    assert other.rule == "fallback"


def test_a_business_confirms_in_its_own_words() -> None:
    texts = {"opt_out": "Basi. Andika ANZA, {{ business }}.", "opt_out@EN": "Fine."}
    said = answer(Business("Duka", "ECOMMERCE", Language.SW, texts=texts), Inquiry("stop", NOW))
    assert isinstance(said, Answer)
    assert said.text == "Basi. Andika ANZA, Duka."
