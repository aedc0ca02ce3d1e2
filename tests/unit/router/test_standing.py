import pytest

from domain.agent import AgentState
from domain.contact import Channel
from router.policy import AgentPolicy
from router.standing import Serving, Stage, Standing
from tests.unit.router.people import agent

APART = frozenset({frozenset((Channel.VOICE, Channel.CHAT))})


def standing(*work: tuple[Channel, Stage], **rest) -> Standing:
    entry = agent("ann", capacity={"voice": 1, "chat": 2, "mail": 2})
    one = Standing(policy=AgentPolicy.of(entry, APART), since_s=0.0)
    for number, (channel, stage) in enumerate(work):
        one.work[f"c{number}"] = Serving(f"c{number}", "sales", 0.0, channel, stage)
    one.state = AgentState.BUSY if work else AgentState.READY
    one.telephone = one.at_desk = True
    one.column = 0
    for name, value in rest.items():
        setattr(one, name, value)
    return one


CHAT, CALL, MAIL = Channel.CHAT, Channel.VOICE, Channel.MAIL


@pytest.mark.parametrize(
    ("work", "free"),
    [
        ((), {CALL, CHAT, MAIL}),
        (((CALL, Stage.CONNECTED),), {MAIL}),
        (((CHAT, Stage.CONNECTED),), {CHAT, MAIL}),
        (((CHAT, Stage.CONNECTED), (CHAT, Stage.WRAP_UP)), {MAIL}),
        (((MAIL, Stage.CONNECTED),), {CALL, CHAT, MAIL}),
        (((MAIL, Stage.CONNECTED), (CALL, Stage.WRAP_UP)), {MAIL}),
        (((CHAT, Stage.OFFERED),), set()),
        (((CHAT, Stage.CONNECTED), (MAIL, Stage.OFFERED)), set()),
    ],
)
def test_what_fits_beside_what_he_does(work, free):
    slots = standing(*work).has_slots()
    assert {channel for channel, fits in zip(Channel, slots, strict=True) if fits} == free


BUSY = ((CHAT, Stage.CONNECTED),)


@pytest.mark.parametrize(
    ("work", "change"),
    [
        ((), {"on_shift": False}),
        ((), {"column": -1}),
        ((), {"state": AgentState.NOT_READY}),
        ((), {"state": AgentState.WRAP_UP}),
        ((), {"state": AgentState.LOGGED_OUT}),
        (BUSY, {"on_shift": False}),
        (BUSY, {"column": -1}),
        (BUSY, {"wished": AgentState.NOT_READY}),
        (BUSY, {"leaving": True}),
        (BUSY, {"telephone": False, "at_desk": False}),
    ],
)
def test_nothing_more_is_for_him(work, change):
    assert standing(*work).takes_more
    one = standing(*work, **change)
    assert not one.takes_more
    assert not any(one.has_slots())


def test_wrap_up_takes_a_slot_and_is_no_activity():
    one = standing((CHAT, Stage.WRAP_UP), (MAIL, Stage.WRAP_UP), (MAIL, Stage.WRAP_UP))
    assert one.load == {CHAT: 1, MAIL: 2}
    assert not one.active
    one.work["c1"].stage = Stage.OFFERED
    assert one.active
