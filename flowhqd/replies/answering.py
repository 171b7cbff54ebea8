"""From a customer's message to the one text that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flowhqd.replies import registry
from flowhqd.replies.business import Business
from flowhqd.replies.inquiry import Answer, Inquiry, Silence
from flowhqd.replies.opting import Opting, opting
from flowhqd.replies.render import render
from flowhqd.replies.spoken import say_opening, say_week
from flowhqd.replies.template import COURTESIES, Found, Reading, Rule, Template
from flowhqd.replies.text import READ_CHARACTERS, normalise, speech
from flowhqd.states import Language

TELL_AGAIN = timedelta(days=1)
"""How often a business whose hours never open says that it is closed."""


def answer(business: Business, inquiry: Inquiry) -> Answer | Silence:
    """What a business answers: total, and the same for the same arguments.

    Who opts out or in again is told so at any hour, in the business's language. While closed, the
    first message of a conversation gets the away text and the rest silence until
    the opening that it told. Otherwise the first rule of the business's template that applies
    answers, and in the end the fallback text.
    """
    template = registry.get(business.template)
    words = tuple(normalise(inquiry.text).split())
    language = speech(words, business.language)
    asked = opting(inquiry.text, inquiry.message_type)
    if asked is Opting.OUT or (asked is Opting.IN and inquiry.has_opted_out):
        key, text = _text(business, template, business.language, asked)
        return Answer(text, asked, key, business.language)
    if not business.is_open(inquiry.now):
        return _away(business, template, language, inquiry)
    if not words and inquiry.message_type != "chat":
        key, text = _text(business, template, language, "media")
        return Answer(text, "media", key, language)
    reading = Reading(
        text=inquiry.text[:READ_CHARACTERS],
        words=words,
        hits=template.lexicon.match(words),
        now=business.local(inquiry.now),
        language=language,
        template=template,
    )
    rule, found = _choose(reading, inquiry.previous_rule)
    if rule == "hours" and business.hours:
        found = Found({"week": say_week(language, business.hours)})
    key, text = _text(business, template, language, rule, found.said)
    return Answer(text, rule, key, language, found=found.facts)


def wait_text(business: Business) -> str:
    """Said once to a chat whose queue is full."""
    template = registry.get(business.template)
    return _text(business, template, business.language, "wait")[1]


def slow_down_text(business: Business) -> str:
    """The one warning when a tenant's rate limit is reached."""
    template = registry.get(business.template)
    return _text(business, template, business.language, "slow_down")[1]


def _away(
    business: Business, template: Template, language: Language, inquiry: Inquiry
) -> Answer | Silence:
    if inquiry.away_until is not None and inquiry.now < inquiry.away_until:
        return Silence("hours")
    opening = business.hours.next_opening(inquiry.now) if business.hours else None
    if opening is None:
        key, text = _text(business, template, language, "away")
        return Answer(text, "away", key, language, away_until=_later(inquiry.now, TELL_AGAIN))
    said = {"opening": say_opening(language, opening, business.local(inquiry.now))}
    key, text = _text(business, template, language, "away", said)
    return Answer(text, "away", key, language, away_until=opening.astimezone(UTC))


def _choose(reading: Reading, previous: str | None) -> tuple[str, Found]:
    """The name of the rule that applies, and what it found.

    Keywords come first; then details without keywords ("kesho saa nne" after being asked for a
    day); then courtesies; then a follow-up to a rule that asked for something.
    """
    rules = reading.template.rules
    for rule in rules:
        if rule.name in reading.hits:
            return rule.name, _find(rule, reading)
    courtesy = next((rule.name for rule in COURTESIES if rule.name in reading.hits), None)
    for rule in rules:
        if courtesy is None or previous == rule.name:
            found = _find(rule, reading)
            if found.facts:
                return rule.name, found
    if courtesy:
        return courtesy, Found()
    follow_ups = {rule.name: rule.then for rule in rules if rule.then}
    # What follows a follow-up is one more of them.
    follow_ups |= {then: then for then in follow_ups.values()}
    if reading.words and previous in follow_ups:
        return follow_ups[previous], Found()
    return "fallback", Found()


def _find(rule: Rule, reading: Reading) -> Found:
    said: dict[str, str] = {}
    facts: dict[str, str] = {}
    for finder in rule.find:
        found = finder(reading)
        said |= found.said
        facts |= found.facts
    return Found(said, facts)


def _text(
    business: Business,
    template: Template,
    language: Language,
    rule: str,
    said: Mapping[str, str] | None = None,
) -> tuple[str, str]:
    """The key of a rule's text for what was found, and the text: the tenant's own version, else
    the shipped one."""
    key = f"{rule}.{'_'.join(said)}" if said else rule
    shipped = template.texts(language)
    if key not in shipped:
        key = rule
    body = business.own_text(key, language) or shipped[key]
    return key, render(body, {"business": business.name, **(said or {})})


def _later(now: datetime, by: timedelta) -> datetime:
    try:
        return now + by
    except OverflowError:
        return now
