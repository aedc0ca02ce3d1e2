from dataclasses import replace

import pytest

from domain.leg import RtpFigures
from pbx.cell.rtp import NOTHING, RtpLedger, SilenceWatch


def test_ledger_adds_streams_up() -> None:
    ledger = RtpLedger()
    assert ledger.figures == RtpFigures()
    ledger.observe(replace(NOTHING, received=100, lost=2, sent=90, jitter_ms=1.0))
    ledger.observe(replace(NOTHING, received=300, lost=3, sent=200, jitter_ms=2.0))
    ledger.end_stream()
    ledger.end_stream()
    ledger.observe(
        replace(NOTHING, received=100, lost=1, sent=50, jitter_ms=6.0, round_trip_ms=20.0)
    )
    assert ledger.figures == RtpFigures(
        received=400, lost=4, sent=250, jitter_ms=3.0, round_trip_ms=20.0
    )
    ledger.end_stream()
    assert ledger.figures.round_trip_ms == 20.0


def test_both_kinds_of_packet_are_life() -> None:
    ledger = RtpLedger()
    ledger.observe(replace(NOTHING, received=5, reports=2))
    assert ledger.signs_of_life == 7


def test_silence_is_told_once_and_again_after_life() -> None:
    watch = SilenceWatch(10.0)
    assert watch.look(0, 100.0, expected=True) is None
    assert watch.look(0, 109.9, expected=True) is None
    assert watch.look(0, 110.0, expected=True) == pytest.approx(10.0)
    assert watch.look(0, 150.0, expected=True) is None
    assert watch.look(1, 151.0, expected=True) is None
    assert watch.look(1, 161.5, expected=True) == pytest.approx(10.5)


def test_hold_is_no_silence() -> None:
    watch = SilenceWatch(10.0)
    watch.look(5, 0.0, expected=True)
    assert watch.look(5, 100.0, expected=False) is None
    assert watch.look(5, 105.0, expected=True) is None
    assert watch.look(5, 110.0, expected=True) == pytest.approx(10.0)
