from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.whatsapp.addresses import Alias, alias, not_a_customer, phone_number

DIGITS = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
DEVICE = st.one_of(st.just(""), st.integers(0, 99).map(lambda number: f":{number}"))
ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@given(digits=DIGITS, device=DEVICE, server=st.sampled_from(["c.us", "s.whatsapp.net"]))
def test_a_number_comes_back_from_its_address(digits: str, device: str, server: str) -> None:
    address = f"{digits}{device}@{server}"
    assert alias(address) == Alias("pn", digits)
    assert phone_number(address) == f"+{digits}"
    assert not_a_customer(address) is None


@given(digits=DIGITS, device=DEVICE)
def test_a_lid_is_no_number(digits: str, device: str) -> None:
    address = f"{digits}{device}@lid"
    assert alias(address) == Alias("lid", digits)
    assert phone_number(address) is None
    assert not_a_customer(address) is None


@given(digits=DIGITS)
def test_a_number_and_a_lid_of_the_same_digits_are_two(digits: str) -> None:
    assert alias(f"{digits}@c.us") != alias(f"{digits}@lid")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("120363040000000000@g.us", "group"),
        ("255700000001-1600000000@g.us", "group"),
        ("status@broadcast", "status"),
        ("1600000000@broadcast", "broadcast"),
        ("120363040000000000@newsletter", "newsletter"),
        ("255700000001@call", "call"),
    ],
)
def test_what_is_no_customer_says_why(address: str, reason: str) -> None:
    assert not_a_customer(address) == reason
    assert alias(address) == Alias("chat", address)
    assert phone_number(address) is None


@given(address=ANY_TEXT)
def test_anything_else_is_a_chat_of_its_own(address: str) -> None:
    found = alias(address)
    if found.kind == "chat":
        assert found.value == address
    number = phone_number(address)
    assert number is None or (number[1:].isascii() and number[1:].isdigit())


@pytest.mark.parametrize("user", ["", "²", "٣٤٥", "+255700000001", "abc"])
def test_a_number_has_ascii_digits_only(user: str) -> None:
    assert phone_number(f"{user}@c.us") is None


def test_no_address_has_no_number() -> None:
    assert phone_number(None) is None
