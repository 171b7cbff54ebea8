from __future__ import annotations

from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowhqd.redact import MAX_TEXT, Redactor

SECRET = "mlango-wa/nyuma?"


@pytest.mark.parametrize(
    "text",
    [
        "call +255 712 345 678 now",
        "call +255712345678.",
        "call 0712 345 678",
        "call 0712-345-678",
        "255712345678@c.us left",
        "false_255712345678@c.us_3EB0AA",
        "(255712345678)",
    ],
)
def test_a_phone_number_keeps_its_last_four_digits(text: str) -> None:
    clean = Redactor().text(text)
    assert "***5678" in clean
    assert "712" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 05:02:11.123+03:00",
        "127.0.0.1:65535",
        "took 12345678 us",
        "00000000-0000-4000-8000-426614174000",
        "3EB0A1B2C3D4E5F60718",
        "12,345,678 of 100%",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"wrong: {SECRET}",
        "GET /admin?password=mlango-wa%2Fnyuma%3F",
        "connect postgresql://flowhqd:nyuma@db:5432/x",
        "header Authorization: Basic YWRtaW46bXlhbmdv",
        "PORTAL_INTERNAL_KEY=nyuma0123 missing",
        "?a=1&access_token=nyuma&b=2",
        "Cookie: nyuma=1",
        "curl fhq_nyuma0123456789-ABCDEF_xyz",
    ],
)
def test_secrets_do_not_pass_as_text(text: str) -> None:
    clean = Redactor([SECRET]).text(text)
    assert "***" in clean
    assert "nyuma" not in clean
    assert "YWRtaW4" not in clean


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "admin_password",
        "portal_key",
        "x-portal-key",
        "Set-Cookie",
        "authorization",
        "api.key",
        "qr",
        "last_qr",
        "pairing_code",
        "access_token",
        "secret",
    ],
)
def test_a_secret_key_hides_its_value(key: str) -> None:
    clean = Redactor().event({"event": "x", key: "nyuma", "deep": {key: ["nyuma"]}})
    assert "nyuma" not in str(clean)


@pytest.mark.parametrize("key", ["keyword", "monkey", "qr_count", "state"])
def test_numbers_and_other_words_are_not_hidden(key: str) -> None:
    value = 3 if key == "qr_count" else "shown"
    assert Redactor().event({key: value}) == {key: value}


def test_the_text_of_a_message_is_logged_only_when_asked_for() -> None:
    event = {"event": "in", "text": "Habari", "raw": {"body": "Habari"}}
    assert "Habari" not in str(Redactor().event(event))
    assert Redactor().event(event)["text"] == "(6 characters)"
    assert Redactor(message_bodies=True).event(event) == event


def test_identifiers_keep_their_digits() -> None:
    event = {"tenant_id": UUID(int=7), "chat_id": "255712345678@c.us"}
    clean = Redactor().event(event)
    assert clean == {key: str(value) for key, value in event.items()}


def test_versions_keep_their_digits() -> None:
    """Regression: WhatsApp Web's build number was taken for somebody's phone number."""
    event = {"web_version": "2.3000.1045220589", "version": "1.2.3"}
    assert Redactor().event(event) == event


def test_text_cannot_forge_a_line_or_drive_a_terminal() -> None:
    clean = Redactor().event({"event": "a\nb\x1b[2J\x9b\ud800", "exception": "a\n\x1bb"})
    assert clean == {"event": "a\\x0ab\\x1b[2J\\x9b\\ud800", "exception": "a\n\\x1bb"}


def test_long_text_is_cut_and_its_length_told() -> None:
    clean = Redactor().text("é" * 65_536)
    assert len(clean) < MAX_TEXT + 100
    assert clean.endswith("(65536 characters)")
    assert "mlan" not in Redactor([SECRET]).text("é" * (MAX_TEXT - 4) + SECRET)


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=6,
)


# How fast inputs are made is the host's matter.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(), JSON_LIKE | st.builds(uuid4)), st.text(min_size=12))
def test_every_event_becomes_json(event: dict[str, object], secret: str) -> None:
    orjson.dumps(Redactor([secret]).event(event))


@given(st.text(), st.text(), st.text(alphabet="abcdefgh", min_size=8))
def test_a_known_secret_never_passes(before: str, after: str, secret: str) -> None:
    redactor = Redactor([secret])
    assert secret not in redactor.text(before + secret + after)
    assert secret not in str(redactor.event({"chat_id": before + secret + after}))
