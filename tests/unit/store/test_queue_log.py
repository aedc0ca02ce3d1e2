from datetime import timedelta

import pytest

from domain.agent import AgentState
from domain.callback_events import CallbackRequested
from domain.contact import Channel, Disposition
from domain.events import (
    AgentStateChanged,
    ConfigurationReloaded,
    ContactArrived,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    ContactTransferred,
    Envelope,
)
from domain.offer import DeclineReason
from domain.offer_events import (
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
)
from domain.skill import SkillRequirement
from store.queue_log import ENDINGS, QueueLog, line
from tests.store_support import START

T = int(START.timestamp())


class Tape:
    """Feeds events and keeps the lines, with the seconds since START in place of the time."""

    def __init__(self, **more):
        self.queue_log = QueueLog(**more)
        self.sequence = 0

    def at(self, seconds, event):
        self.sequence += 1
        at = START + timedelta(seconds=seconds)
        lines = self.queue_log.lines(Envelope(sequence=self.sequence, at=at, event=event))
        shown = []
        for text in lines:
            time, rest = text.split("|", 1)
            shown.append(f"{int(time) - T}|{rest}")
        return shown


@pytest.fixture
def tape():
    return Tape()


def queued(contact_id, *, queue_id="sales", priority=0):
    return ContactQueued(contact_id=contact_id, queue_id=queue_id, language="en", priority=priority)


OFFER = {"offer_id": "o", "contact_id": "c", "agent_id": "anna", "queue_id": "sales"}
MADE = OfferMade(**OFFER, ring_s=20, cost=1)
CONNECTED = ContactConnected(contact_id="c", queue_id="sales", agent_id="anna", wait_s=12.9)


def ended(disposition, *, contact_id="c", agent_id=None, wait_s=None, talk_s=0.0):
    return ContactClosed(
        contact_id=contact_id,
        queue_id="sales",
        disposition=disposition,
        agent_id=agent_id,
        wait_s=wait_s,
        talk_s=talk_s,
    )


def changed(before, after, reason=""):
    return AgentStateChanged(agent_id="anna", before=before, after=after, reason=reason)


def test_a_served_call(tape):
    arrival = ContactArrived(contact_id="c", channel=Channel.VOICE, queue_id="sales", language="en")
    assert tape.at(0, arrival) == []
    assert tape.at(1, queued("c")) == ["1|c|sales|NONE|ENTERQUEUE|||1"]
    assert tape.at(9.5, MADE) == []
    assert tape.at(13.9, OfferAccepted(**OFFER, waited_s=12.9)) == []
    assert tape.at(14, CONNECTED) == ["14|c|sales|Agent/anna|CONNECT|12|c|4"]
    end = ended(Disposition.CALLER_ENDED, agent_id="anna", wait_s=12.9, talk_s=63.4)
    assert tape.at(77, end) == ["77|c|sales|Agent/anna|COMPLETECALLER|12|63|1"]


def test_a_telephone_that_is_not_answered(tape):
    tape.at(0, queued("c"))
    tape.at(1, MADE)
    rang = ["21|c|sales|Agent/anna|RINGNOANSWER|20000"]
    assert tape.at(21, OfferExpired(**OFFER, rang_s=20.0)) == rang
    assert tape.at(21, queued("c")) == []
    tape.at(22, MADE)
    busy = OfferDeclined(**OFFER, reason=DeclineReason.BUSY)
    assert tape.at(22.25, busy) == ["22|c|sales|Agent/anna|RINGNOANSWER|250"]


def test_a_caller_who_leaves_while_it_rings(tape):
    tape.at(0, queued("c"))
    tape.at(1, MADE)
    silenced = ["4|c|sales|Agent/anna|RINGCANCELED|3000"]
    assert tape.at(4, OfferWithdrawn(**OFFER)) == silenced
    left = ended(Disposition.ABANDONED, wait_s=4.2)
    assert tape.at(4, left) == ["4|c|sales|NONE|ABANDON|1|1|4"]


@pytest.mark.parametrize(
    "disposition",
    [
        Disposition.CALLBACK_UNANSWERED,
        Disposition.CALLBACK_EXPIRED,
        Disposition.CALLBACK_CANCELLED,
        Disposition.CALLED_AGAIN,
    ],
)
def test_a_callback_that_came_to_nothing(tape, disposition):
    tape.at(0, queued("c"))
    asked = CallbackRequested(contact_id="c", queue_id="sales", waited_s=40.0)
    assert tape.at(40, asked) == [], "he keeps his place"
    tape.at(100, MADE)
    tape.at(104, OfferAccepted(**OFFER, waited_s=104.0))
    assert tape.at(140, queued("c")) == [], "nobody answered: he waits as before"
    closed = ended(disposition, wait_s=700.5)
    assert tape.at(700, closed) == ["700|c|sales|NONE|EXITWITHKEY|callback|1|1|700"]


def test_positions_are_those_of_the_own_queue_by_priority_then_arrival(tape):
    assert tape.at(0, queued("a"))[0].endswith("|1")
    assert tape.at(0, queued("b"))[0].endswith("|2")
    assert tape.at(0, queued("other", queue_id="help"))[0].endswith("|1")
    assert tape.at(0, queued("vip", priority=1))[0].endswith("|1")
    assert tape.at(0, queued("c"))[0].endswith("|4")
    left = ended(Disposition.ABANDONED, contact_id="a", wait_s=3)
    assert tape.at(3, left) == ["3|a|sales|NONE|ABANDON|2|1|3"]
    tape.at(4, ContactConnected(contact_id="vip", queue_id="sales", agent_id="anna", wait_s=4))
    timeout = ended(Disposition.WAIT_EXCEEDED, wait_s=60)
    assert tape.at(60, timeout) == ["60|c|sales|NONE|EXITWITHTIMEOUT|2|4|60"]


@pytest.mark.parametrize(
    ("disposition", "waiting", "served"),
    [
        (Disposition.AGENT_ENDED, "EXITEMPTY", "COMPLETEAGENT"),
        (Disposition.CALLER_ENDED, "ABANDON", "COMPLETECALLER"),
        (Disposition.CELL_DIED, "EXITEMPTY", "COMPLETEAGENT"),
        (Disposition.NODE_DIED, "EXITEMPTY", "COMPLETEAGENT"),
        (Disposition.DRAINED, "EXITEMPTY", "COMPLETEAGENT"),
        (Disposition.HUNG_UP, "EXITEMPTY", "COMPLETEAGENT"),
        (Disposition.FAILED, "EXITEMPTY", "COMPLETEAGENT"),
    ],
)
def test_other_ends(disposition, waiting, served):
    tape = Tape()
    tape.at(0, queued("c"))
    assert tape.at(5, ended(disposition, wait_s=5)) == [f"5|c|sales|NONE|{waiting}|1|1|5"]
    tape.at(10, queued("c"))
    tape.at(11, CONNECTED)
    end = ended(disposition, agent_id="anna", wait_s=1, talk_s=0.0)
    assert tape.at(11, end) == [f"11|c|sales|Agent/anna|{served}|1|0|1"]


def test_a_transfer_ends_one_stay_in_the_queue_and_begins_another(tape):
    tape.at(0, queued("c"))
    tape.at(13, CONNECTED)
    handed_over = ContactTransferred(
        contact_id="c",
        queue_id="sales",
        agent_id="anna",
        requirement=SkillRequirement(skill="complaints"),
        talk_s=60.4,
    )
    assert tape.at(73, handed_over) == [
        "73|c|sales|Agent/anna|BLINDTRANSFER|complaints|skill|12|60|1"
    ]
    assert tape.at(73, queued("c")) == ["73|c|sales|NONE|ENTERQUEUE|||1"]
    abandoned = ended(Disposition.ABANDONED, wait_s=20.0)
    assert tape.at(80, abandoned) == ["80|c|sales|NONE|ABANDON|1|1|20"]


@pytest.mark.parametrize(
    ("whom", "told"),
    [
        ({"to_agent_id": "bob"}, "Agent/bob|agent"),
        ({"to_queue_id": "bills"}, "bills|queue"),
    ],
)
def test_a_transfer_to_an_agent_or_a_queue(tape, whom, told):
    tape.at(0, queued("c"))
    tape.at(13, CONNECTED)
    event = ContactTransferred(
        contact_id="c", queue_id="sales", agent_id="anna", requirement=None, talk_s=60.0, **whom
    )
    assert tape.at(73, event) == [f"73|c|sales|Agent/anna|BLINDTRANSFER|{told}|12|60|1"]


def test_every_end_is_told_as_something():
    assert set(ENDINGS) == set(Disposition)


def test_who_never_was_in_the_queue_has_no_line(tape):
    assert tape.at(0, ended(Disposition.ABANDONED_EARLY)) == []
    assert tape.at(0, ended(Disposition.QUEUE_FULL)) == []
    assert tape.at(0, ended(Disposition.FAILED)) == []


def test_a_call_of_a_killed_run_is_ended_though_it_is_not_remembered(tape):
    waited = ended(Disposition.NODE_DIED, wait_s=55.5)
    assert tape.at(0, waited) == ["0|c|sales|NONE|EXITEMPTY|0|0|55"]
    talked = ended(Disposition.NODE_DIED, agent_id="anna", wait_s=7.5, talk_s=47)
    assert tape.at(0, talked) == ["0|c|sales|Agent/anna|COMPLETEAGENT|7|47|0"]


def test_an_agents_day():
    tape = Tape(queues_of=lambda agent_id: ["help", "sales"])
    assert tape.at(0, changed(AgentState.LOGGED_OUT, AgentState.NOT_READY, "morning")) == [
        "0|NONE|NONE|Agent/anna|AGENTLOGIN|Agent/anna",
        "0|NONE|help|Agent/anna|ADDMEMBER|",
        "0|NONE|sales|Agent/anna|ADDMEMBER|",
        "0|NONE|help|Agent/anna|PAUSE|morning",
        "0|NONE|sales|Agent/anna|PAUSE|morning",
        "0|NONE|NONE|Agent/anna|PAUSEALL|morning",
    ]
    assert tape.at(60, changed(AgentState.NOT_READY, AgentState.READY)) == [
        "60|NONE|help|Agent/anna|UNPAUSE|",
        "60|NONE|sales|Agent/anna|UNPAUSE|",
        "60|NONE|NONE|Agent/anna|UNPAUSEALL|",
    ]
    for before, after in [
        (AgentState.READY, AgentState.BUSY),
        (AgentState.BUSY, AgentState.WRAP_UP),
        (AgentState.WRAP_UP, AgentState.READY),
    ]:
        assert tape.at(61, changed(before, after)) == []
    assert tape.at(3_600, changed(AgentState.READY, AgentState.LOGGED_OUT)) == [
        "3600|NONE|help|Agent/anna|REMOVEMEMBER|",
        "3600|NONE|sales|Agent/anna|REMOVEMEMBER|",
        "3600|NONE|NONE|Agent/anna|AGENTLOGOFF|Agent/anna|3600",
    ]


def test_a_missed_call_pauses_and_a_login_straight_to_ready_does_not(tape):
    login = changed(AgentState.LOGGED_OUT, AgentState.READY)
    assert tape.at(0, login) == ["0|NONE|NONE|Agent/anna|AGENTLOGIN|Agent/anna"]
    missed = changed(AgentState.BUSY, AgentState.NOT_READY, "ring no answer")
    assert tape.at(1, missed) == ["1|NONE|NONE|Agent/anna|PAUSEALL|ring no answer"]
    gone = changed(AgentState.NOT_READY, AgentState.LOGGED_OUT)
    assert tape.at(2, gone) == ["2|NONE|NONE|Agent/anna|AGENTLOGOFF|Agent/anna|2"]


def test_start_and_reload(tape):
    assert tape.queue_log.started(START) == f"{T}|NONE|NONE|NONE|QUEUESTART|"
    reload = ConfigurationReloaded(agents=1, queues=1, trunks=1)
    assert tape.at(0, reload) == ["0|NONE|NONE|NONE|CONFIGRELOAD|"]


def test_the_caller_stands_in_the_line_only_where_it_is_asked_for():
    tape = Tape(caller_of={"c": "+4930123"}.get)
    assert tape.at(0, queued("c")) == ["0|c|sales|NONE|ENTERQUEUE||+4930123|1"]


def test_a_text_cannot_make_columns_or_lines():
    written = line(START, "c", "sales", "Agent/anna", "PAUSE", "a|b\r\n1|c\u2028d\x00")
    assert written == f"{T}|c|sales|Agent/anna|PAUSE|a_b  1_c d "


def test_the_memory_has_a_limit(tape, monkeypatch):
    monkeypatch.setattr("store.queue_log.OPEN_MAX", 2)
    for contact_id in ("a", "b", "c"):
        tape.at(0, queued(contact_id))
    left = ended(Disposition.ABANDONED, contact_id="a", wait_s=3)
    assert tape.at(3, left) == ["3|a|sales|NONE|ABANDON|0|0|3"]
