"""Signals to a whole node: SIGTERM drains, SIGHUP and a changed file reload."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from tests.node_events import EventLog
from tests.node_rig import Lane, NodeRig, configuration, lanes, resumed, running_node, until
from tests.programs import require_program
from tests.sipp_party import all_done, caller, telephone

pytestmark = pytest.mark.sipp


@asynccontextmanager
async def node(folder: Path, *, grace_s: float, names: str = "sales") -> AsyncIterator[NodeRig]:
    require_program("sipp")
    made = lanes({name: {} for name in names.split()})
    wanted = configuration(
        made,
        over={"node": {"drain_grace_s": grace_s}, "cells": {"warm": 1}},
    )
    async with running_node(folder, made, wanted) as running:
        yield running


def ask_to_stop(rig: NodeRig) -> None:
    os.kill(rig.node.pid, signal.SIGTERM)


async def draining(rig: NodeRig) -> None:
    async def told() -> bool:
        return "draining" in str((await rig.ask("GET", "/readyz", status=None))["reasons"])

    await until(told, "/readyz tells that it drains")


async def test_running_call_ends_by_itself_and_the_node_with_it(tmp_path: Path) -> None:
    async with node(tmp_path, grace_s=60) as rig:
        lane = rig.lanes["sales"]
        await rig.state(lane.agent, "ready")
        async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
            connected = await rig.events.next("ContactConnected")
            ask_to_stop(rig)
            await draining(rig)
            assert (await rig.ask("GET", "/healthz"))["status"] == "ok"
            async with caller(rig, lane, "refused", status=503) as late:
                await late.done()
            assert int(late.lines("refused")[0][-1]) > 0, "it says when to try again"
            await customer.cue()
            await all_done(agent, customer)
            assert await asyncio.wait_for(rig.node.wait(), 20) == 0
        closed = await rig.events.next("ContactClosed", contact_id=connected["contact_id"])
        assert closed["disposition"] == "caller_ended"
        # After a restart nothing is left over.
        await rig.node.start()
        record = await rig.contact(connected["contact_id"])
        assert record["disposition"] == "caller_ended"


async def test_calls_are_cut_after_the_grace(tmp_path: Path) -> None:
    async with node(tmp_path, grace_s=1, names="sales silent") as rig:
        talking, waiting = rig.lanes["sales"], rig.lanes["silent"]
        await rig.state(talking.agent, "ready")
        async with (
            telephone(rig, talking) as agent,
            caller(rig, talking) as customer,
            caller(rig, waiting) as patient,
        ):
            await rig.events.next("ContactConnected")
            queued = await rig.events.next("ContactQueued", queue_id="silent")
            # One reader has come so far, and hears nothing of the end.
            read = rig.events.last
            ask_to_stop(rig)
            await all_done(agent, customer, patient)
            assert await asyncio.wait_for(rig.node.wait(), 20) == 0
        assert agent.lines("ended")
        assert customer.lines("ended")
        assert patient.lines("ended")
        await rig.node.start()
        contacts = (await rig.ask("GET", "/api/v1/contacts"))["contacts"]
        assert {one["disposition"] for one in contacts} == {"drained"}
        assert len(contacts) == 2
        async with EventLog(rig.node.http, rig.token, after=read) as rig.events:
            closed = await rig.events.next("ContactClosed", contact_id=queued["contact_id"])
            assert closed["disposition"] == "drained"
            await resumed(rig, after=read)


async def test_second_signal_ends_the_grace(tmp_path: Path) -> None:
    async with node(tmp_path, grace_s=3_000) as rig:
        lane = rig.lanes["sales"]
        async with caller(rig, lane) as customer:
            await rig.events.next("ContactQueued")
            ask_to_stop(rig)
            await draining(rig)
            ask_to_stop(rig)
            await customer.done()
            assert await asyncio.wait_for(rig.node.wait(), 20) == 0
        assert customer.lines("ended")


async def test_reload_leaves_running_calls_alone(tmp_path: Path) -> None:
    async with node(tmp_path, grace_s=0, names="sales support") as rig:
        old, lane = rig.lanes["support"], rig.lanes["sales"]
        await rig.state(lane.agent, "ready")
        async with telephone(rig, lane) as agent, caller(rig, lane) as customer:
            connected = await rig.events.next("ContactConnected")
            # SIGHUP: support and its agent go, sales gets another number, chat comes.
            added = lanes({"chat": {}})["chat"]
            chat = Lane("chat", "900900", added.settings, added.ports)
            sales = Lane("sales", "800800", lane.settings, lane.ports)
            write(rig, {"chat": chat, "sales": sales})
            os.kill(rig.node.pid, signal.SIGHUP)
            reloaded = await rig.events.next("ConfigurationReloaded")
            assert (reloaded["agents"], reloaded["queues"]) == (2, 2)
            async with caller(rig, old, "refused", status=404) as gone:
                await gone.done()
            async with caller(rig, lane, "refused", status=404) as gone:
                await gone.done()
            await rig.ask("GET", f"/api/v1/agents/{old.agent}", status=404)
            # The changed file alone does it too.
            write(rig, {"chat": chat, "sales": lane})
            await rig.events.next("ConfigurationReloaded", nth=2)
            # A file with a mistake changes nothing, and the API says what is wrong.
            text = rig.node.config.read_text()
            rig.node.config.write_text(text.replace("numbers:", "nombers:"))
            refused = await rig.ask("POST", "/api/v1/configuration/reload", status=422)
            assert "nombers" in refused["detail"]
            rig.node.config.write_text(text)
            # The new queue takes calls with its new agent; the old call has run all the while.
            await rig.state(chat.agent, "ready")
            async with telephone(rig, chat, talk_ms=50) as other, caller(rig, chat) as newcomer:
                await all_done(other, newcomer)
            [running] = await rig.calls(lane)
            assert running["contact_id"] == connected["contact_id"]
            await customer.cue()
            await all_done(agent, customer)
        record = await rig.closed(connected["contact_id"])
        assert record["disposition"] == "caller_ended"


def write(rig: NodeRig, made: dict[str, Lane]) -> None:
    wanted = configuration(made, over={"cells": {"warm": 1}})
    part = rig.node.config.with_suffix(".part")
    part.write_text(yaml.safe_dump(wanted))
    part.replace(rig.node.config)
