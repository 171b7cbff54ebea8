from __future__ import annotations

from datetime import timedelta

from flowhqd.supervisor.pairing import CODES, GRACE_SECONDS, PairingRound
from tests.clock import ManualClock


def test_a_round_has_six_codes_of_a_minute_and_then_twenty_seconds() -> None:
    clock = ManualClock()
    pairing = PairingRound()
    lives = []
    for seq in range(1, 7):
        assert not pairing.is_last
        assert pairing.show(clock.now())
        assert pairing.seq == seq
        assert pairing.expires_at is not None
        life = (pairing.expires_at - clock.now()).total_seconds()
        assert pairing.patience(clock.now()) == life + GRACE_SECONDS
        lives.append(life)
        clock.advance(life)
    assert lives == [60, 20, 20, 20, 20, 20]
    assert pairing.is_last

    before = (pairing.seq, pairing.expires_at)
    assert not pairing.show(clock.now())
    assert (pairing.seq, pairing.expires_at) == before
    assert CODES == 6


def test_patience_ends_a_while_after_the_code() -> None:
    clock = ManualClock()
    pairing = PairingRound()
    assert pairing.patience(clock.now()) == 60
    pairing.show(clock.now())
    clock.advance(50)
    assert pairing.patience(clock.now()) == 10 + GRACE_SECONDS
    clock.advance(500)
    assert pairing.patience(clock.now()) == GRACE_SECONDS
    assert pairing.expires_at == clock.now() - timedelta(seconds=490)
