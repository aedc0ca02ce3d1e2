from typing import Any

import pytest
from rich.console import Console

from demo.board import ALERTS_MAX, MOOD_STYLES, NEWS_MAX, STYLES, Board, Row
from domain.mood import SCALE


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "event": fields}


def told(kind: str, **fields: Any) -> dict[str, Any]:
    return event(kind, contact_id="c1", **fields)


@pytest.fixture
def board() -> Board:
    made = Board()
    made.rows["bill"] = Row("bill", "+14155550101")
    made.name("c1", "bill")
    return made


def shown(board: Board) -> str:
    console = Console(width=140, force_terminal=False)
    with console.capture() as captured:
        console.print(board)
    return captured.get()


def span(kind: str, speaker: str | None, seconds: float, **more: float | None) -> dict[str, Any]:
    return {"kind": kind, "speaker": speaker, "start_s": 1.0, "end_s": 1.0 + seconds, **more}


def test_a_call_is_followed_from_its_arrival_to_its_end(board: Board) -> None:
    row = board.rows["bill"]
    states = [row.state]
    for each in (
        told("ContactArrived", queue_id="service"),
        told("ContactQueued", queue_id="service"),
        told("OfferMade", agent_id="anna"),
        told("ContactConnected", wait_s=4.0),
        told("ContactClosed", disposition="caller_ended", wait_s=4.0, talk_s=9.5),
    ):
        board.take(each)
        states.append(row.state)
    assert states == ["dialling", "greeting", "waiting", "ringing", "talking", "done"]
    assert set(states) <= STYLES.keys()
    assert (row.queue, row.agent, row.outcome) == ("service", "anna", "caller_ended")
    assert (row.wait_s, row.talk_s) == (4.0, 9.5)
    text = shown(board)
    for word in ("bill", "+14155550101", "service", "anna", "caller_ended", "4.0", "9.5"):
        assert word in text


@pytest.mark.parametrize("disposition", ["abandoned", "abandoned_early"])
def test_a_caller_who_left_is_shown_so(board: Board, disposition: str) -> None:
    board.take(told("ContactClosed", disposition=disposition, wait_s=None, talk_s=0.0))
    assert board.rows["bill"].state == "abandoned"
    assert shown(board)


@pytest.mark.parametrize("kind", ["OfferExpired", "OfferDeclined"])
def test_a_call_that_nobody_took_waits_again(board: Board, kind: str) -> None:
    board.take(told("OfferMade", agent_id="chen"))
    board.take(told(kind, agent_id="chen"))
    row = board.rows["bill"]
    assert (row.state, row.agent) == ("waiting", "")
    assert bool(board.news) == (kind == "OfferExpired")


def test_news_are_the_latest(board: Board) -> None:
    for position in range(NEWS_MAX + 3):
        board.take(told("PositionAnnounced", position=position))
    assert len(board.news) == NEWS_MAX
    assert board.news[-1] == f"bill was told: number {NEWS_MAX + 2}"


def test_the_customers_speech_is_summed_and_the_agents_only_timed(board: Board) -> None:
    level = {"pitch_hz": 118.0, "level_dbov": -26.0}
    for each in (
        span("segment", "customer", 2.5, **level),
        span("segment", "customer", 1.5, pitch_hz=None, level_dbov=None),
        span("segment", "agent", 7.0),
        span("turn", "customer", 4.0),
        span("turn", "agent", 7.0),
        span("pause", None, 0.7),
        span("overlap", None, 0.2),
    ):
        board.take(told("SpeechObserved", span=each))
    row = board.rows["bill"]
    assert (row.speech_s, row.turns) == (4.0, 2)
    assert board.news == ["bill: 2.5 s of speech, 118 Hz, -26 dBov"]


def test_agents_are_shown_by_name(board: Board) -> None:
    board.take(event("AgentStateChanged", agent_id="chen", before="logged_out", after="ready"))
    board.take(event("AgentStateChanged", agent_id="anna", before="ready", after="busy"))
    assert "anna: busy   chen: ready" in shown(board)


def test_what_concerns_nobody_on_the_board_is_passed_over(board: Board) -> None:
    before = shown(board)
    board.take(event("ContactArrived", contact_id="other", queue_id="service"))
    board.take(event("CellStarted", cell_id="cell-1", pid=7))
    board.take(event("ConfigurationReloaded", agents=1, queues=1, trunks=1))
    assert shown(board) == before


def test_a_mood_and_an_alert_are_shown_and_the_alert_stays(board: Board) -> None:
    board.take(told("MoodChanged", before="calm", after="angry", intensity=0.712))
    board.warn("bill: alert angry rose 31.2 s into the call")
    for position in range(NEWS_MAX):
        board.take(told("PositionAnnounced", position=position))
    assert board.rows["bill"].mood == "angry"
    assert board.rows["bill"].mood in MOOD_STYLES
    assert "sounds angry" not in shown(board)
    assert "alert angry rose 31.2 s" in shown(board)
    for number in range(ALERTS_MAX + 2):
        board.warn(f"alert {number}")
    assert board.alerts == [f"alert {number}" for number in range(2, ALERTS_MAX + 2)]


def test_a_mood_is_news_with_what_speaks_for_it(board: Board) -> None:
    board.take(told("MoodChanged", before="unknown", after="calm", intensity=0.104))
    evidence = [
        {"name": "loudness", "value": 13.42, "unit": "dB above his own"},
        {"name": "pitch", "value": 8.744, "unit": "semitones above his own"},
        {"name": "brightness", "value": 2.1, "unit": "dB an octave above his own"},
    ]
    board.take(told("MoodChanged", before="calm", after="angry", intensity=0.7, evidence=evidence))
    assert board.news == [
        "bill sounds calm",
        "bill sounds angry: loudness 13.4 dB above his own, pitch 8.74 semitones above his own",
    ]


def test_every_mood_has_its_colour() -> None:
    assert MOOD_STYLES.keys() == {mood.value for mood in SCALE}
