"""Normalising what people type, and matching keywords in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.replies.keywords import Keywords, Lexicon
from flowhqd.replies.text import READ_CHARACTERS, normalise, speech, within
from flowhqd.states import Language

WILD = st.text(st.characters(), max_size=200) | st.text(
    st.sampled_from("aAáå\u0301ßİıǅﬁﷺ𝓗Ⅷ²\u200d\u202e\ud800\udfff\0\n '’{}<;-3ş🙏ع"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("HABARIIII!!", "habari"),
        ("Héllo,   WORLD", "hello world"),
        ("ng'ombe", "ngombe"),
        ("don’t", "dont"),
        ("ｂｅｉ 𝓰𝓪𝓷𝓲", "bei gani"),
        ("bei gan", "bei gani"),
        ("thx u", "thanks you"),
        ("2moro", "tomorrow"),
        ("saa", "saa"),
        ("👍", "ok"),
        ("be\u200di\u202e", "bei"),
        ("a\0b\ud800c", "a b c"),
        ("{{ business }}", "business"),
        ("'; DROP TABLE tenant; --", "drop table tenant"),
        ("", ""),
    ],
)
def test_normalise(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(WILD)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize("piece", ["a", "ﷺ", "hbr ", "😀", "\0", "a\u0301"])
def test_only_the_beginning_of_a_long_message_is_read(piece: str) -> None:
    once = normalise(piece * 65_536)
    assert len(once) <= READ_CHARACTERS
    assert normalise(once) == once


def optimal_alignment(left: str, right: str) -> int:
    """The textbook distance with swaps of neighbours, to compare with."""
    rows = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            if not i or not j:
                rows[i][j] = i + j
                continue
            rows[i][j] = min(
                rows[i - 1][j] + 1,
                rows[i][j - 1] + 1,
                rows[i - 1][j - 1] + (left[i - 1] != right[j - 1]),
            )
            if i > 1 and j > 1 and left[i - 2 : i] == right[j - 2 : j][::-1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 2))
def test_within_agrees_with_the_textbook(left: str, right: str, edits: int) -> None:
    assert within(left, right, edits) == (optimal_alignment(left, right) <= edits)


LEXICON = Lexicon(
    {
        "booking": Keywords(("miadi", "appointment", "*weka nafasi"), unless=("nafasi za kazi",)),
        "thanks": Keywords(("asante",)),
        "greeting": Keywords(("habari", "hi")),
        "track": Keywords(("where is my order", "jafika*")),
        "inside": Keywords(("*tuma*",)),
    }
)


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("miadi", {"booking"}),
        ("miyadi", {"booking"}),
        ("madii", set()),
        ("mradi", set()),
        ("iadi", set()),
        ("apointmnt", {"booking"}),
        ("hatari", set()),
        ("hii", set()),
        ("hiiii", {"greeting"}),
        ("asnte habri", {"thanks", "greeting"}),
        ("nataka kuweka nafasi", {"booking"}),
        ("kuweka ile nafasi yangu", {"booking"}),
        ("kuweka moja mbili tatu nafasi", set()),
        ("nafasi kuweka", set()),
        ("kuweka nafasi za kazi", set()),
        ("where is order my", set()),
        ("so where then is my red order", {"track"}),
        ("jafikaje", {"track"}),
        ("mnatumaje", {"inside"}),
        ("", set()),
    ],
)
def test_keywords(text: str, hits: set[str]) -> None:
    assert LEXICON.match(normalise(text).split()) == hits


@pytest.mark.parametrize("phrase", ["", "  ", "*", "!!", "a * b", "*gm"])
def test_a_keyword_without_letters_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="keyword"):
        Lexicon({"x": Keywords((phrase,))})


@pytest.mark.parametrize(
    ("text", "usual", "language"),
    [
        ("price", Language.SW, Language.SW),
        ("hello", Language.SW, Language.SW),
        ("thank you", Language.SW, Language.EN),
        ("how much is it", Language.SW, Language.EN),
        ("how much hii dress", Language.SW, Language.SW),
        ("habari", Language.EN, Language.SW),
        ("price ya hii", Language.EN, Language.SW),
        ("how much ni hii", Language.EN, Language.EN),
        ("nimeipenda", Language.EN, Language.SW),
        ("", Language.EN, Language.EN),
    ],
)
def test_the_language_is_the_tenants_unless_clearly_the_other(
    text: str, usual: Language, language: Language
) -> None:
    assert speech(tuple(normalise(text).split()), usual) is language
