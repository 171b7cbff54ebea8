from __future__ import annotations

import re
from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from flowhqd.messages.ids import reply_id

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@given(
    key=st.binary(min_size=1), tenant=st.uuids(), contact=st.uuids(), inbound=ANY_TEXT,
    purpose=st.sampled_from(["reply", "away", "wait", "warning"]),
)  # fmt: skip
def test_an_id_looks_like_whatsapp_webs_own_and_never_changes(
    key: bytes, tenant: UUID, contact: UUID, inbound: str, purpose: str
) -> None:
    first = reply_id(key, tenant, contact, inbound, purpose)
    assert re.fullmatch("3EB0[0-9A-F]{18}", first)
    assert reply_id(key, tenant, contact, inbound, purpose) == first


def test_whatever_differs_makes_another_id() -> None:
    tenants = [UUID(int=number) for number in range(4)]
    contacts = [UUID(int=number) for number in range(2, 12)]
    inbound = [f"3EB0{number:018X}" for number in range(60)]
    purposes = ["reply", "away", "wait", "warning"]
    made = {
        reply_id(key, tenant, contact, message, purpose)
        for key, tenant, contact, message, purpose in product(
            [b"a", b"b"], tenants, contacts, inbound, purposes
        )
    }
    assert len(made) == 2 * 4 * 10 * 60 * 4


def test_the_id_is_the_same_in_every_release() -> None:
    """A daemon that was updated in the middle of a send must look for the same id."""
    # printf '<tenant>\0<contact>\x003EB0AB\0reply' | openssl dgst -sha256 -hmac key
    made = reply_id(b"key", UUID(int=1), UUID(int=2), "3EB0AB", "reply")
    assert made == "3EB0AF11F65F183CA9661D"
