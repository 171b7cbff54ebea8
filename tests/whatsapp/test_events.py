from __future__ import annotations

import json
import math
import typing
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowhqd.whatsapp.events import (
    PROTOCOL_TYPES,
    AckReceived,
    Event,
    Hello,
    LoggedOut,
    Message,
    MessageArrived,
    MessageChanged,
    MessageUndecryptable,
    PageState,
    QrChanged,
    SendFinished,
    StateChanged,
    Trouble,
    clean,
    parse,
)
from flowhqd.whatsapp.phase import Phase, phase

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
SAFE_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(ANY_TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = [
    "hello", "state", "qr", "message", "undecryptable", "changed", "ack", "send_result", "logout",
    "trouble",
]  # fmt: skip
MEMBERS = [
    "url", "state", "text", "message", "id", "chat", "ack", "key", "result", "detail", "other",
    "from_me", "name", "type", "t", "socket", "stream", "synced", "mode", "info", "progress",
    "version", "edit",
]  # fmt: skip
# What a page gone wrong might send: the right members with anything in them.
ALMOST = st.dictionaries(
    st.sampled_from(MEMBERS),
    st.one_of(ANY_JSON, st.dictionaries(st.sampled_from(MEMBERS), ANY_JSON)),
)
WORD = st.one_of(st.none(), SAFE_TEXT)
TIME = st.integers(0, 4_000_000_000)


@given(envelope=st.one_of(ANY_TEXT, ANY_JSON.map(json.dumps)))
@example("[" * 100_000)
@example('"\\ud800"' + "[" * 100_000)
@example("9" * 5_000)
def test_no_envelope_breaks_the_reader(envelope: str) -> None:
    assert parse(envelope) is None


@settings(max_examples=60)
@given(kind=st.sampled_from(KINDS), members=ALMOST)
@example(kind="message", members={"message": {"key": 1, "id": "a", "chat": "b", "type": "chat"}})
@example(kind="state", members={"state": []})
@example(kind="state", members={"state": {"socket": [], "mode": {}}})
@example(kind="state", members={"state": {"socket": "\ud800", "progress": 10**400}})
@example(kind="qr", members={})
@example(kind="ack", members={"id": "a", "chat": "b", "ack": math.inf})
def test_members_of_any_type_are_read_or_left(kind: str, members: dict[str, Any]) -> None:
    event = parse(json.dumps({**members, "kind": kind}))
    if isinstance(event, StateChanged):
        assert phase(event.state) in Phase
    for text in _texts(event):
        assert clean(text) == text


@pytest.mark.parametrize("t", [10**18, -(10**18), 2**63, 1e308, math.nan, "now", None])
def test_a_message_of_an_impossible_time_is_left(t: object) -> None:
    described = {
        "key": "false_1@c.us_A", "id": "A", "chat": "1@c.us", "from_me": False, "type": "chat",
        "text": "\ud800", "t": t,
    }  # fmt: skip
    assert parse(json.dumps({"kind": "message", "message": described})) is None


def _texts(event: object) -> list[str]:
    if isinstance(event, str):
        return [event]
    if hasattr(event, "__slots__"):
        return [text for name in event.__slots__ for text in _texts(getattr(event, name))]
    return []


def test_every_kind_of_event_is_read() -> None:
    assert len(KINDS) == len(typing.get_args(Event))


MESSAGES = st.builds(
    Message,
    key=SAFE_TEXT,
    id=SAFE_TEXT,
    chat_id=SAFE_TEXT,
    other_address=WORD,
    from_me=st.booleans(),
    name=WORD,
    type=SAFE_TEXT,
    text=SAFE_TEXT,
    at=TIME.map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    ack=st.one_of(st.none(), st.integers(-5, 5)),
    edit=WORD,
)
STATES = st.builds(
    PageState,
    socket=WORD,
    stream=WORD,
    synced=st.booleans(),
    mode=WORD,
    info=WORD,
    progress=st.one_of(st.none(), st.floats(0, 100)),
    version=WORD,
    url=SAFE_TEXT,
)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Hello, SAFE_TEXT),
    st.builds(StateChanged, STATES),
    st.builds(QrChanged, WORD),
    st.builds(MessageArrived, MESSAGES),
    st.builds(MessageUndecryptable, MESSAGES),
    st.builds(MessageChanged, MESSAGES),
    st.builds(AckReceived, SAFE_TEXT, SAFE_TEXT, st.integers(-5, 5)),
    st.builds(SendFinished, st.from_regex("[0-9A-F]{22}", fullmatch=True), SAFE_TEXT),
    st.just(LoggedOut()),
    st.builds(
        Trouble, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=500)
    ),
)


def _envelope(event: Event) -> dict[str, Any]:
    match event:
        case Hello(url):
            return {"kind": "hello", "url": url}
        case StateChanged(state):
            members = {name: getattr(state, name) for name in PageState.__slots__}
            return {"kind": "state", "state": members}
        case QrChanged(text):
            return {"kind": "qr", "text": text}
        case MessageArrived(message):
            return {"kind": "message", "live": True, "message": _described(message)}
        case MessageUndecryptable(message):
            return {"kind": "undecryptable", "message": _described(message)}
        case MessageChanged(message):
            return {"kind": "changed", "message": _described(message)}
        case AckReceived(message_id, chat_id, ack):
            return {"kind": "ack", "id": message_id, "chat": chat_id, "ack": ack}
        case SendFinished(message_id, result):
            return {"kind": "send_result", "key": f"true_1@c.us_{message_id}", "result": result}
        case LoggedOut():
            return {"kind": "logout"}
        case Trouble(detail):
            return {"kind": "trouble", "detail": detail}


def _described(message: Message) -> dict[str, Any]:
    return {
        "key": message.key,
        "id": message.id,
        "chat": message.chat_id,
        "other": message.other_address,
        "from_me": message.from_me,
        "author": None,
        "name": message.name,
        "type": message.type,
        "text": message.text,
        "t": int(message.at.timestamp()),
        "ack": message.ack,
        "edit": message.edit,
    }


@given(event=EVENTS)
def test_what_the_page_tells_is_read_as_it_was_told(event: Event) -> None:
    envelope = {**_envelope(event), "generation": "3f"}
    assert parse(orjson.dumps(envelope).decode()) == event
    assert parse(json.dumps(envelope)) == event


@given(text=ANY_TEXT)
@example("\0")
@example("\ud83d\ude00")
@example("\ud83d")
@example("\ude00\ud83d")
@example("\ufeff\ufeffa")
def test_cleaned_text_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    if "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert cleaned == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\0b", "a\ufffdb"),
        ("a\ud83db", "a\ufffdb"),
        ("c\ude00d", "c\ufffdd"),
        ("\ud83d", "\ufffd"),
        ("\ud83d\ud83d\ude00\ude00", "\ufffd\N{GRINNING FACE}\ufffd"),
    ],
)
def test_only_what_cannot_be_stored_is_replaced(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def _message(**members: Any) -> Message:
    base: dict[str, Any] = {
        "key": "false_255700000001@c.us_A",
        "id": "A",
        "chat_id": "255700000001@c.us",
        "other_address": None,
        "from_me": False,
        "name": None,
        "type": "chat",
        "text": "Habari",
        "at": datetime(2026, 11, 2, tzinfo=UTC),
        "ack": None,
    }
    return Message(**{**base, **members})


@pytest.mark.parametrize("kind", ["chat", "image", "ptt", "document", "location", "vcard", "order"])
@pytest.mark.parametrize("chat", ["255700000001@c.us", "123456789012345@lid"])
def test_what_a_customer_sends_is_not_skipped(kind: str, chat: str) -> None:
    assert _message(type=kind, chat_id=chat).skip_reason() is None


@pytest.mark.parametrize("kind", sorted(PROTOCOL_TYPES))
def test_protocol_types_are_skipped(kind: str) -> None:
    assert _message(type=kind).skip_reason() == "protocol"


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"from_me": True}, "own"),
        ({"from_me": True, "chat_id": "1@g.us"}, "own"),
        ({"chat_id": "1@g.us"}, "group"),
        ({"chat_id": "status@broadcast"}, "status"),
        ({"chat_id": "1@newsletter", "type": "revoked"}, "newsletter"),
        ({"chat_id": "1@broadcast"}, "broadcast"),
    ],
)
def test_what_is_skipped_says_why(members: dict[str, Any], reason: str) -> None:
    assert _message(**members).skip_reason() == reason
