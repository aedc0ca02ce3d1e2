from pathlib import Path
from typing import cast

import pytest

from domain.agent import AgentState
from domain.contact import Disposition
from domain.errors import IllegalTransition, NotKnown, WarmlineError
from domain.leg import RtpFigures
from domain.ports import AgentDesk
from pbx import actions as do
from pbx.feature_call import CONFIRMATIONS, FEATURE_CALL_S_MAX, FeatureCall
from pbx.flow_end import RELEASE_S_MAX
from tests.flow_scene import HandClock, Shelf

LEG = 1


class Desk:
    def __init__(self) -> None:
        self.asked: list[tuple[str, AgentState, str]] = []
        self.error: WarmlineError | None = None

    def request_state(self, agent_id: str, state: AgentState, reason: str) -> AgentState:
        if self.error is not None:
            raise self.error
        self.asked.append((agent_id, state, reason))
        return state


class Asking:
    """An agent dials a feature code."""

    def __init__(self, state: AgentState = AgentState.READY, *silent: str) -> None:
        self.desk = Desk()
        self.clock = HandClock()
        self.call = FeatureCall(
            "anna",
            state,
            language="zh",
            prompts=Shelf(*silent),
            desk=cast("AgentDesk", self.desk),
            clock=self.clock,
        )

    def ended(self) -> list[do.Action]:
        return self.call.ended(LEG, status=200, reason="", figures=RtpFigures())


@pytest.mark.parametrize("state", list(CONFIRMATIONS))
def test_the_state_is_asked_for_when_the_agent_hears_us(state: AgentState) -> None:
    asking = Asking(state)
    assert asking.call.incoming(LEG) == [do.Answer(LEG)]
    assert asking.desk.asked == []
    heard = Path(f"zh/{CONFIRMATIONS[state]}.wav")
    assert asking.call.answered(LEG) == [do.Play(LEG, (heard,))]
    assert asking.desk.asked == [("anna", state, "feature code")]
    assert asking.call.played(LEG) == [do.HangUp(LEG)]
    assert not asking.call.over
    assert asking.ended() == [do.Release()]
    assert asking.call.over
    assert asking.call.next_deadline_s() is None


@pytest.mark.parametrize(
    "error", [NotKnown("agent", "anna"), IllegalTransition("AgentState", "busy", "log_out")]
)
def test_a_refused_state_is_told(error: WarmlineError) -> None:
    asking = Asking()
    asking.desk.error = error
    asking.call.incoming(LEG)
    assert asking.call.answered(LEG) == [do.Play(LEG, (Path("zh/not-allowed.wav"),))]


def test_without_a_confirmation_the_state_changes_all_the_same() -> None:
    asking = Asking(AgentState.READY, "ready")
    asking.call.incoming(LEG)
    assert asking.call.answered(LEG) == [do.HangUp(LEG)]
    assert asking.desk.asked


def test_a_confirmation_that_cannot_be_played_ends_the_call() -> None:
    asking = Asking()
    asking.call.incoming(LEG)
    asking.call.answered(LEG)
    assert asking.call.played(LEG, heard=False) == [do.HangUp(LEG)]


def test_an_agent_who_hangs_up_early_changes_nothing() -> None:
    asking = Asking()
    asking.call.incoming(LEG)
    assert asking.ended() == [do.Release()]
    assert asking.desk.asked == []


def test_a_telephone_that_never_hangs_up_does_not_keep_the_cell() -> None:
    asking = Asking()
    asking.call.incoming(LEG)
    asking.call.answered(LEG)
    due_s = asking.call.next_deadline_s()
    assert due_s == asking.clock.now_s + FEATURE_CALL_S_MAX
    assert asking.call.tick(due_s - 0.1) == []
    asking.clock.now_s = due_s
    assert asking.call.tick(due_s) == [do.HangUp(LEG)]
    assert asking.call.played(LEG) == [], "it was told to end already"
    due_s = asking.call.next_deadline_s()
    assert due_s == asking.clock.now_s + RELEASE_S_MAX
    assert asking.call.tick(due_s) == [do.Release()]
    assert asking.call.over


def test_a_call_that_never_comes_is_over_after_its_time() -> None:
    asking = Asking()
    assert asking.call.tick(asking.clock.now_s + FEATURE_CALL_S_MAX) == [do.Release()]


def test_a_dead_cell_is_released_once() -> None:
    asking = Asking()
    asking.call.incoming(LEG)
    assert asking.call.cell_gone("signal 6") == [do.Release()]
    assert asking.call.cell_gone("signal 6") == []
    assert asking.ended() == []
    assert asking.call.answered(LEG) == []
    assert asking.desk.asked == []


def test_the_node_can_end_it() -> None:
    asking = Asking()
    asking.call.incoming(LEG)
    assert asking.call.end(Disposition.DRAINED, "stopping") == [do.HangUp(LEG)]
    assert asking.call.end(Disposition.DRAINED, "stopping") == [do.Release()]
