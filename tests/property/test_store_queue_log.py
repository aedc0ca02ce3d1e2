"""Whatever is fed to the queue log, its file can be read: every line has its columns, every
caller who entered leaves once, and positions are possible ones."""

from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.contact import Disposition
from domain.events import (
    EVENT_TYPES,
    ContactClosed,
    ContactConnected,
    ContactQueued,
    Envelope,
    Event,
)
from store.queue_log import ENDINGS, QueueLog
from tests import emotion_strategies
from tests.store_support import START

emotion_strategies.register()

PARAMETERS = {
    "ENTERQUEUE": 3,
    "CONNECT": 3,
    "BLINDTRANSFER": 5,
    "COMPLETECALLER": 3,
    "COMPLETEAGENT": 3,
    "ABANDON": 3,
    "EXITWITHTIMEOUT": 3,
    "EXITEMPTY": 3,
    "RINGNOANSWER": 1,
    "RINGCANCELED": 1,
    "AGENTLOGIN": 1,
    "AGENTLOGOFF": 2,
    "PAUSE": 1,
    "PAUSEALL": 1,
    "UNPAUSE": 1,
    "UNPAUSEALL": 1,
    "ADDMEMBER": 1,
    "REMOVEMEMBER": 1,
    "CONFIGRELOAD": 1,
}
SECONDS = st.floats(0, 1e6)
TEXT = st.text(max_size=10)
EVENTS = st.sampled_from(list(EVENT_TYPES.values())).flatmap(
    lambda kind: st.builds(
        kind,
        **{
            name: SECONDS
            for name in ("wait_s", "talk_s", "rang_s", "ring_s", "waited_s")
            if name in kind.__dataclass_fields__
        },
    )
)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.lists(EVENTS, max_size=20), TEXT)
def test_every_line_has_its_columns(events, caller):
    log = QueueLog(queues_of=lambda agent_id: [agent_id, "q"], caller_of=lambda contact_id: caller)
    for number, event in enumerate(events, start=1):
        for line in log.lines(Envelope(sequence=number, at=START, event=event)):
            assert len(line.splitlines()) == 1
            time, _, _, _, name, *parameters = line.split("|")
            assert time == str(int(START.timestamp()))
            assert len(parameters) == PARAMETERS[name]


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["sales", "help"]),
        st.integers(0, 2),
        st.booleans(),
        st.sampled_from([d for d in Disposition if ENDINGS[d] != (None, None)]),
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(CALLS, st.randoms(use_true_random=False))
def test_who_enters_leaves_once(calls, random):
    ways = []
    for number, (queue_id, priority, served, disposition) in enumerate(calls):
        name = f"c{number}"
        way: list[Event] = [
            ContactQueued(contact_id=name, queue_id=queue_id, language="en", priority=priority)
        ]
        if served:
            way.append(
                ContactConnected(contact_id=name, queue_id=queue_id, agent_id="anna", wait_s=1)
            )
        way.append(
            ContactClosed(
                contact_id=name,
                queue_id=queue_id,
                disposition=disposition,
                agent_id="anna" if served else None,
                wait_s=1.0,
                talk_s=5.0 if served else 0.0,
            )
        )
        ways.append(way)
    log = QueueLog()
    seen: Counter[tuple[str, str]] = Counter()
    second = 0
    while ways:
        way = random.choice(ways)
        second += 1
        at = START + timedelta(seconds=second)
        (line,) = log.lines(Envelope(sequence=second, at=at, event=way.pop(0)))
        _, call_id, _, _, name, *parameters = line.split("|")
        entered = name == "ENTERQUEUE"
        seen[call_id, "in" if entered else "out"] += name != "CONNECT"
        if entered:
            assert 1 <= int(parameters[2]) <= len(calls)
        elif name in {"ABANDON", "EXITEMPTY", "EXITWITHTIMEOUT"}:
            assert 1 <= int(parameters[0]) <= len(calls)
        ways = [way for way in ways if way]
    assert set(seen.values()) == {1}
    assert len(seen) == 2 * len(calls)
    assert log._open == {}
