from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.whatsapp.events import PageState
from flowhqd.whatsapp.phase import Phase, phase

# wa-js enums/SOCKET_STATE.ts and StreamMode.ts, StreamInfo.ts.
SOCKET = [
    "CONFLICT", "CONNECTED", "DEPRECATED_VERSION", "OPENING", "PAIRING", "PROXYBLOCK",
    "SMB_TOS_BLOCK", "TIMEOUT", "TOS_BLOCK", "UNLAUNCHED", "UNPAIRED", "UNPAIRED_IDLE",
]  # fmt: skip
MODE = [
    "CONFLICT", "MAIN", "OFFLINE", "PROXYBLOCK", "QR", "SMB_TOS_BLOCK", "SYNCING", "TOS_BLOCK",
    "DEPRECATED_VERSION",
]  # fmt: skip
ANY_WORD = st.one_of(st.none(), st.sampled_from(SOCKET + MODE), st.text(max_size=20))


@given(
    socket=ANY_WORD, stream=ANY_WORD, mode=ANY_WORD, info=ANY_WORD, synced=st.booleans(),
    progress=st.one_of(st.none(), st.floats()),
)  # fmt: skip
def test_every_look_at_a_page_has_a_phase(
    socket: str | None,
    stream: str | None,
    mode: str | None,
    info: str | None,
    synced: bool,
    progress: float | None,
) -> None:
    state = PageState(socket, stream, synced, mode, info, progress)
    found = phase(state)
    assert found in Phase
    if found is Phase.READY:
        assert (socket, synced) == ("CONNECTED", True)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (PageState(), Phase.LOADING),
        (PageState(socket="UNLAUNCHED"), Phase.LOADING),
        (PageState(socket="OPENING"), Phase.LOADING),
        (PageState(socket="OPENING", mode="QR"), Phase.LOADING),
        (PageState(socket="A WORD OF TOMORROW", synced=True, mode="MAIN"), Phase.LOADING),
        (PageState(socket="UNPAIRED", mode="QR"), Phase.PAIRING),
        (PageState(socket="UNPAIRED_IDLE", mode="QR"), Phase.PAIRING_IDLE),
        (PageState(socket="PAIRING"), Phase.SYNCING),
        (PageState(socket="CONNECTED"), Phase.SYNCING),
        (PageState(socket="CONNECTED", synced=True, mode="SYNCING"), Phase.SYNCING),
        (PageState(socket="CONNECTED", synced=True, mode="OFFLINE"), Phase.SYNCING),
        (PageState(socket="CONNECTED", mode="MAIN"), Phase.SYNCING),
        (PageState(socket="CONNECTED", synced=True, mode="MAIN"), Phase.READY),
        (PageState(socket="CONNECTED", synced=True), Phase.READY),
        (PageState(socket="OPENING", synced=True, mode="MAIN"), Phase.OFFLINE),
        (PageState(socket="TIMEOUT", mode="OFFLINE"), Phase.OFFLINE),
        (PageState(socket="TIMEOUT", mode="MAIN"), Phase.OFFLINE),
    ],
)
def test_the_pages_words_mean(state: PageState, expected: Phase) -> None:
    assert phase(state) is expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("CONFLICT", Phase.CONFLICT),
        ("DEPRECATED_VERSION", Phase.OUTDATED),
        ("PROXYBLOCK", Phase.PROXY_BLOCKED),
        ("TOS_BLOCK", Phase.RESTRICTED),
        ("SMB_TOS_BLOCK", Phase.RESTRICTED),
    ],
)
def test_a_refusal_counts_wherever_the_page_shows_it(word: str, expected: Phase) -> None:
    assert phase(PageState(socket=word)) is expected
    assert phase(PageState(socket="CONNECTED", synced=True, mode=word)) is expected
