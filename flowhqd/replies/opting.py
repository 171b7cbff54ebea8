"""Opting out of answers, and in again: a message that says so and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from flowhqd.replies.text import language_data, normalise
from flowhqd.states import Language

LONGEST = 100
"""The most that is read, in characters: a word with whatever people put around it."""


class Opting(StrEnum):
    """What a customer asks for; the values name the texts that confirm it."""

    OUT = "opt_out"
    IN = "opt_in"


def opting(text: str, message_type: str) -> Opting | None:
    """What a message asks for when it is one of the words for it, alone; a caption is none."""
    if message_type != "chat" or len(text.strip()) > LONGEST:
        return None
    return _words().get(normalise(text))


@cache
def _words() -> Mapping[str, Opting]:
    """The words of every language: customers mix them."""
    return {
        normalise(word): asked
        for asked in Opting
        for language in Language
        for word in language_data(language)[asked]
    }
