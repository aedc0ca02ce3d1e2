"""A node under load: its configuration, its API, and all that stands around it.

SIPp is every caller and every agent; their audio goes to two RTP peers. Everything runs on
this machine, so the load's own cost is in every figure.
"""

import asyncio
import contextlib
import json as json_format
import os
import secrets
import sys
import tempfile
import urllib.request
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from bench.metronome import metronomes as metronomes_of
from bench.sipp import Sipp, require_sipp
from demo.node import REPOSITORY, NodeProcess

CALLERS: Final = "127.0.0.2"
AGENTS: Final = "127.0.0.3"
AGENT_PORT: Final = 6_100
CALLER_PORT: Final = 6_200
RTP_PORT: Final = 7_000
CELLS_NICE: Final = -10
"""The level of cells and of the metronomes that they are compared with."""
SETTLE_LOOKS_MAX: Final = 300
"""A minute: SIPp's last retransmissions are over by then."""


class Rig:
    """A node with many agents, all ready, whose telephones are one SIPp."""

    def __init__(self, node: NodeProcess, folder: Path, token: str, agents: int) -> None:
        """Use a running node."""
        self.node = node
        self.folder = folder
        self.agents = agents
        self._token = token

    @property
    def remote(self) -> str:
        """Where SIPp sends its calls."""
        where = self.node.sip[0]
        return f"{where.host}:{where.port}"

    async def request(self, method: str, path: str, body: object | None = None) -> Any:
        """Ask the API."""
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: object | None) -> Any:
        request = urllib.request.Request(
            self.node.http + path,
            method=method,
            data=None if body is None else json_format.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read().decode()
        return json_format.loads(text) if "json" in response.headers["Content-Type"] else text

    async def all_ready(self) -> None:
        """Make every agent ready; an agent who did not answer once is so again."""
        agents = (await self.request("GET", "/api/v1/agents"))["agents"]
        for agent in agents:
            if agent["state"] != "ready":
                path = f"/api/v1/agents/{agent['agent_id']}/state"
                await self.request("POST", path, {"state": "ready", "reason": "bench"})

    async def settled(self) -> None:
        """Wait until no call runs and the reserve of cells is full again."""
        for _ in range(SETTLE_LOOKS_MAX):
            await asyncio.sleep(0.2)
            if not (await self.request("GET", "/api/v1/calls"))["calls"]:
                break
        await asyncio.sleep(2.0)

    async def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        text = await self.request("GET", "/metrics")
        lines = [line for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def agents_sipp(self, *, ring_ms: int, talk_ms: int) -> Sipp:
        """Return the telephones of all agents."""
        values = {"rtp_port": RTP_PORT, "ring_ms": ring_ms, "talk_ms": talk_ms}
        return Sipp("agent", self.folder, local=AGENTS, port=AGENT_PORT, values=values)

    def callers_sipp(self, *, per_s: float, calls: int, hold_ms: int) -> Sipp:
        """Return callers at a rate."""
        words = ("-s", "800", "-r", str(per_s), "-m", str(calls), "-l", "1000", "-aa")
        values = {"rtp_port": RTP_PORT, "hold_ms": hold_ms}
        return Sipp(
            "caller",
            self.folder,
            local=CALLERS,
            port=CALLER_PORT,
            remote=self.remote,
            values=values,
            words=words,
        )

    @asynccontextmanager
    async def rtp_peers(self, seconds: float) -> AsyncIterator["RtpPeers"]:
        """Run the far ends of all audio for at most so long; their files are there afterwards.

        One for the callers and one for the agents: a cell believes RTP from the address of
        the SDP only.
        """
        files = [self.folder / f"rtp-{address}.npz" for address in (CALLERS, AGENTS)]
        peers = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.rtp_peer"),
                *(address, str(RTP_PORT), str(seconds), str(file)),
                stdout=asyncio.subprocess.PIPE,
                cwd=REPOSITORY,
            )
            for address, file in zip((CALLERS, AGENTS), files, strict=True)
        ]
        for peer in peers:
            assert peer.stdout is not None
            await peer.stdout.readline()
        try:
            yield RtpPeers([peer.pid for peer in peers], files)
        finally:
            await _end(peers)

    @asynccontextmanager
    async def control(self, seconds: float) -> AsyncIterator[None]:
        """Run metronomes, which send to the callers' RTP peer, for at most so long."""
        metronomes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.metronome"),
                *(CALLERS, str(RTP_PORT), str(seconds), *each.words()),
                cwd=REPOSITORY,
            )
            for each in metronomes_of(CELLS_NICE, sorted(os.sched_getaffinity(0)))
        ]
        try:
            yield
        finally:
            await _end(metronomes)


@dataclass(frozen=True, slots=True)
class RtpPeers:
    """The far ends of all audio and what they leave behind."""

    pids: list[int]
    files: list[Path]

    def receive_buffer_bytes(self) -> int:
        """Return the smaller of their receive buffers."""
        return min(int(np.load(file)["buffer_bytes"]) for file in self.files)

    def dropped(self) -> int:
        """Return how many packets found no room in those."""
        return sum(int(np.load(file)["dropped"]) for file in self.files)


async def _end(processes: Sequence[Process]) -> None:
    for process in processes:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
    for process in processes:
        await process.wait()


EMOTION: Final = {
    "enabled": True,
    "rules": [
        {
            "id": "any-voice",
            "label": "angry",
            "level": 0.001,
            "clear_level": 0.0,
            "confidence_min": 0.0,
            "windows": {"at_least": 2, "of": 3},
        }
    ],
}
"""Judges every voice; whatever two windows hold raises an alert, for time is what is measured."""


def configuration(agents: int, *, emotion: bool = False) -> str:
    """Return the YAML of the bench's node; with emotion every caller is told and judged."""
    return yaml.safe_dump(
        {
            "node": {"name": "bench", "drain_grace_s": 0, "log_level": "warning"},
            "sip": {
                "domain": "bench.test",
                "listen": [{"transport": "udp", "address": "127.0.0.1", "port": 0}],
                "admission": {"trunk_calls_per_s": 500},
            },
            "rtp": {"address": "127.0.0.1", "port_min": 20_000, "port_max": 35_999},
            "cells": {"warm": 48, "max": 400, "nice": CELLS_NICE},
            "trunks": [{"id": "load", "addresses": [CALLERS], "calls_max": 1_000}],
            "agents": [
                {
                    "id": f"a{number:03}",
                    "name": f"Agent {number}",
                    "extension": f"{1_000 + number}",
                    "skills": {"service": 3},
                    "contact": f"sip:a{number:03}@{AGENTS}:{AGENT_PORT}",
                }
                for number in range(agents)
            ],
            "queues": [
                {
                    "id": "service",
                    "name": "Service",
                    "numbers": ["800"],
                    "skills": {"service": 1},
                    "ring_s": 30,
                    "wrap_up_s": 0,
                    "waiting_max": 1_000,
                    "announce_position": False,
                    "prompts": {
                        "greeting": None,
                        "disclosure": "minute" if emotion else None,
                        "music": None,
                    },
                }
            ],
            "emotion": EMOTION if emotion else {},
            "http": {"port": 0, "token": {"env": "WARMLINE_TOKEN"}},
        }
    )


@asynccontextmanager
async def rig(agents: int, *, emotion: bool = False) -> AsyncIterator[Rig]:
    """Start a node and make its agents ready."""
    require_sipp()
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as name:
        folder = Path(name)
        node = NodeProcess(
            folder, configuration(agents, emotion=emotion), environ={"WARMLINE_TOKEN": token}
        )
        async with node:
            made = Rig(node, folder, token, agents)
            await made.all_ready()
            yield made
