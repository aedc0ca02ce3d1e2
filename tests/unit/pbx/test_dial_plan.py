from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from config.schema import QueueEntry
from domain.agent import AgentState
from domain.business_hours import BusinessHours, OpenSpan
from domain.opening import Opening, OpeningHours
from pbx.dial_plan import DialPlan, ToFeature, ToQueue, normalised
from pbx.edge.call import InboundCall

SALES = QueueEntry(id="sales", name="Sales", numbers=["800", "+4930-1234-0"])
SUPPORT = QueueEntry(id="support", name="Support", numbers=["801", "004930555"])

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday."""


def from_trunk(dialled: str) -> InboundCall:
    return InboundCall(
        sip_call_id="x",
        origin="trunk",
        trunk_id="carrier",
        agent_id=None,
        dialled=dialled,
        caller="+14155550101",
        display_name="",
    )


def from_agent(dialled: str) -> InboundCall:
    return InboundCall(
        sip_call_id="x",
        origin="agent",
        trunk_id=None,
        agent_id="anna",
        dialled=dialled,
        caller="anna",
        display_name="Anna",
    )


@pytest.fixture
def plan() -> DialPlan:
    return DialPlan([SALES, SUPPORT])


@pytest.mark.parametrize(
    ("dialled", "queue"),
    [
        ("800", SALES),
        ("801", SUPPORT),
        ("+800", SALES),
        ("+493012340", SALES),
        ("493012340", SALES),
        ("+49(30)1234-0", SALES),
        ("+49.30.1234.0;phone-context=+49", SALES),
        ("004930555", SUPPORT),
    ],
)
def test_a_number_leads_to_its_queue(plan: DialPlan, dialled: str, queue: QueueEntry) -> None:
    assert plan.resolve(from_trunk(dialled), AT) == ToQueue(queue=queue, language="en")


@pytest.mark.parametrize(
    "dialled",
    ["", "+", "8", "8000", "0800", "++800", "+4930123", "sales", "*60x", "00449001234567", ";800"],
)
def test_every_other_number_leads_nowhere(plan: DialPlan, dialled: str) -> None:
    assert plan.resolve(from_trunk(dialled), AT) is None
    assert plan.resolve(from_agent(dialled), AT) is None


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("*60", AgentState.READY),
        ("*61", AgentState.NOT_READY),
        ("*62", AgentState.LOGGED_OUT),
    ],
)
def test_a_feature_code_works_for_an_agent_alone(
    plan: DialPlan, code: str, state: AgentState
) -> None:
    assert plan.resolve(from_agent(code), AT) == ToFeature(agent_id="anna", state=state)
    assert plan.resolve(from_trunk(code), AT) is None


def test_an_agent_may_call_a_queue(plan: DialPlan) -> None:
    assert plan.resolve(from_agent("801"), AT) == ToQueue(queue=SUPPORT, language="en")


def test_separators_and_parameters_are_no_part_of_a_number() -> None:
    assert normalised("+49 (30) 12.34-5;tgrp=x") == "+493012345"


def test_who_calls_outside_the_hours_is_told_when_they_begin_or_goes_to_who_stands_in() -> None:
    mornings = BusinessHours(ZoneInfo("UTC"), ((OpenSpan(480, 720),),) * 7)
    chinese = QueueEntry(id="sales", name="Sales", numbers=["800"], language="zh")
    alone = DialPlan([chinese, SUPPORT], OpeningHours({"sales": Opening(hours=mornings)}))
    relieved = DialPlan(
        [chinese, SUPPORT],
        OpeningHours({"sales": Opening(hours=mornings, other_queue="support")}),
    )
    evening = AT + timedelta(hours=9)
    during = ToQueue(queue=chinese, language="zh")
    assert alone.resolve(from_trunk("800"), AT) == during
    assert relieved.resolve(from_trunk("800"), AT) == during
    assert alone.resolve(from_trunk("800"), evening) == ToQueue(
        queue=chinese, language="zh", opens_at=datetime(2026, 3, 3, 8, tzinfo=UTC)
    )
    assert relieved.resolve(from_trunk("800"), evening) == ToQueue(queue=SUPPORT, language="zh")
