"""When the shell wakes its core; the rest of it is tested over real sockets."""

import asyncio
from typing import Any

from pbx.edge.call import Refusal
from pbx.edge.edge import WAKE_PAUSE_S, Edge
from tests.edge_support import (
    FakeClock,
    MemoryBindings,
    Passwords,
    ScriptedPlacer,
    sip_settings,
)


class Core:
    """A core that wants to be woken at a time the test chooses."""

    def __init__(self):
        self.due_s = None
        self.woken_s = []
        self.woken = asyncio.Event()

    def next_deadline_s(self):
        return self.due_s

    def wake(self, now_s):
        self.due_s = None
        self.woken_s.append(now_s)
        self.woken.set()
        return []


def shell():
    clock = FakeClock()
    edge: Any = Edge(
        sip_settings(),
        trunks=[],
        agents=[],
        numbers=[],
        placer=ScriptedPlacer([Refusal(status=503, reason="No Cell")]),
        credentials=Passwords(),
        bindings=MemoryBindings(),
        clock=clock,
        on_reachability=lambda *_: None,
    )
    edge._core = core = Core()
    return edge, core, clock


async def test_a_timer_is_set_for_what_is_due_first():
    edge, core, clock = shell()
    edge._perform([])
    assert not edge._timer
    core.due_s = clock.now_s + 5
    edge._perform([])
    timer = edge._timer
    core.due_s = clock.now_s + 6
    edge._perform([])
    assert edge._timer is timer
    core.due_s = clock.now_s + 1
    edge._perform([])
    assert edge._timer_due_s == clock.now_s + 1
    edge._timer.cancel()


async def test_two_rounds_of_timers_are_a_pause_apart():
    edge, core, clock = shell()
    edge._wake()
    assert core.woken_s == [clock.now_s]
    core.due_s = clock.now_s
    edge._perform([])
    assert edge._timer_due_s == clock.now_s + WAKE_PAUSE_S
    timer = edge._timer
    core.due_s = clock.now_s + WAKE_PAUSE_S / 2
    edge._perform([])
    assert edge._timer is timer
    edge._timer.cancel()


async def test_after_a_pause_what_is_due_is_met_at_once():
    edge, core, clock = shell()
    edge._wake()
    core.woken.clear()
    clock.now_s += 1
    core.due_s = clock.now_s
    edge._perform([])
    async with asyncio.timeout(10):
        await core.woken.wait()
    assert core.woken_s[-1] == clock.now_s
