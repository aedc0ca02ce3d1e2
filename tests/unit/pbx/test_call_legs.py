import pytest

from domain.leg import LegRole, LegState, RtpFigures
from domain.ports import LegView
from pbx import actions as do
from pbx.call_legs import CallLegs

CUSTOMER, AGENT = 1, 2


@pytest.fixture
def legs() -> CallLegs:
    made = CallLegs()
    made.begin(CUSTOMER, LegRole.CUSTOMER, LegState.ANSWERED)
    made.begin(AGENT, LegRole.AGENT, LegState.RINGING)
    return made


def test_a_leg_that_is_not_there_has_no_role(legs: CallLegs) -> None:
    assert legs.role(AGENT) is LegRole.AGENT
    assert legs.role(7) is None
    legs.ended(AGENT, RtpFigures())
    assert legs.role(AGENT) is None


def test_a_leg_is_told_to_end_once(legs: CallLegs) -> None:
    assert legs.hang_up(AGENT) == [do.HangUp(AGENT)]
    assert legs.hang_up(AGENT) == []
    assert legs.hang_up_all() == [do.HangUp(CUSTOMER)]
    assert legs.hang_up_all() == []


def test_a_leg_that_has_ended_is_not_told_to_end(legs: CallLegs) -> None:
    legs.ended(CUSTOMER, RtpFigures())
    assert legs.hang_up(CUSTOMER) == []
    assert legs.hang_up_all() == [do.HangUp(AGENT)]


def test_an_unanswered_caller_gets_a_final_answer() -> None:
    legs = CallLegs()
    legs.begin(CUSTOMER, LegRole.CUSTOMER, LegState.INCOMING)
    assert legs.hang_up(CUSTOMER) == [do.HangUp(CUSTOMER, 503)]


def test_the_legs_of_one_role_are_ended_alone(legs: CallLegs) -> None:
    assert legs.hang_up_all(LegRole.AGENT) == [do.HangUp(AGENT)]
    assert legs.hang_up_all(LegRole.CUSTOMER) == [do.HangUp(CUSTOMER)]


def test_all_have_ended_with_their_cell(legs: CallLegs) -> None:
    assert not legs.all_ended
    legs.lost()
    assert legs.all_ended
    assert legs.hang_up_all() == []


def test_the_api_sees_the_figures_of_a_leg_that_has_ended(legs: CallLegs) -> None:
    legs.stand(CUSTOMER, LegState.HELD)
    assert legs.is_held(CUSTOMER)
    legs.ended(AGENT, RtpFigures(received=7))
    assert legs.views() == [
        LegView(role=LegRole.CUSTOMER, state=LegState.HELD),
        LegView(role=LegRole.AGENT, state=LegState.ENDED, figures=RtpFigures(received=7)),
    ]
