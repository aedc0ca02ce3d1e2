"""SIPp as a party in a test: one scenario, cues from the test, and a verdict."""

import asyncio
import itertools
import re
import socket
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from bench.sipp import Sipp
from tests.node_rig import AGENTS, TRUNK, Lane, NodeRig, free_port, until

SCENARIOS = Path(__file__).parent / "sipp" / "scenarios"
DONE_S_MAX = 60.0
_numbers = itertools.count(1)


class Party:
    """One SIPp. Entering starts it; `done` waits until its scenario has gone as written."""

    def __init__(
        self,
        rig: NodeRig,
        scenario: str,
        *,
        local: str,
        port: int = 0,
        remote: str = "",
        transport: str = "udp",
        calls: int = 1,
        media: int = 0,
        values: Mapping[str, object] | None = None,
        words: tuple[str, ...] = (),
    ) -> None:
        """Prepare.

        Args:
            rig: Whom it talks to.
            scenario: Name of a file in tests/sipp/scenarios.
            local: Its address.
            port: Its SIP port; 0: a free one.
            remote: Where it sends to; "": it waits.
            transport: "udp", or "tcp" with one connection.
            calls: How many times the scenario is played.
            media: Port of its RTP, where somebody else listens; 0: SIPp, which echoes.
            values: What takes the place of @name@ in the scenario.
            words: Further options.
        """
        self.scenario = scenario
        self.local = local
        self.port = port or free_port(local)
        self.call_id = f"{scenario}-{next(_numbers)}"
        echo = ("-mi", local, "-mp", str(free_port(local)), "-rtp_echo")
        folder = rig.folder / f"{self.call_id}"
        folder.mkdir()
        self._messages = folder / "messages.log"
        # A caller's Call-ID is ours to choose; that of a call that comes is logged.
        named = ("-cid_str", f"{self.call_id}@%u") if remote else ()
        self._sipp = Sipp(
            scenario,
            folder,
            local=local,
            port=self.port,
            remote=remote,
            scenario=SCENARIOS / f"{scenario}.xml",
            values={"media": media or "[media_port]", **(values or {})},
            words=(
                *named,
                *("-m", str(calls), "-t", "u1" if transport == "udp" else "t1"),
                *(() if media else echo),
                *("-trace_msg", "-message_file", str(self._messages)),
                *("-timeout", f"{DONE_S_MAX:g}s", "-timeout_error"),
                *words,
            ),
        )

        self._said_before_cue = said_before_cues(scenario)
        self._cued: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        await self._sipp.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._sipp.__aexit__(*exc)

    @property
    def sip_call_id(self) -> str:
        """Call-ID of the first call that it places."""
        return f"{self.call_id}@1"

    @property
    def messages(self) -> str:
        """All SIP messages as it saw them."""
        return self._messages.read_text(errors="replace") if self._messages.exists() else ""

    def lines(self, word: str) -> list[tuple[str, ...]]:
        """Return the words of each line that it logged and that begins with this one."""
        return [line[1:-1] for line in self._sipp.counts().lines if line and line[0] == word]

    async def logged(self, word: str, *, count: int = 1) -> tuple[str, ...]:
        """Return the words of the line that it logs, as soon as it has."""

        async def found() -> list[tuple[str, ...]]:
            lines = self.lines(word)
            return lines if len(lines) >= count else []

        try:
            return (await until(found, f"{self.scenario} logs {word}"))[count - 1]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._sipp.errors()}\n{self.messages}") from None

    async def cue(self, call_id: str = "") -> None:
        """Let the scenario go on from where it waits for NOTIFY, once it does.

        Args:
            call_id: Of the call; "": the first that it places.
        """
        await self.awaits_cue(call_id)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(self.cue_text(call_id).encode(), (self.local, self.port))

    async def awaits_cue(self, call_id: str = "") -> None:
        """Wait until the scenario has logged all that it logs before its next cue.

        The node may tell of a call before SIPp has taken its next step, and a NOTIFY that comes
        before SIPp waits for it ends the call.
        """
        call = call_id or self.sip_call_id
        said = self._said_before_cue[self._cued[call]]
        self._cued[call] += 1
        if said is not None:
            await until(lambda: self._has_said(call, *said), f"{self.scenario} logs {said[0]}")

    async def _has_said(self, call: str, word: str, count: int) -> bool:
        lines = self.lines(word)
        of_call = [line for line in lines if call in line or not any("@" in part for part in line)]
        return len(of_call) >= count

    def cue_text(self, call_id: str = "") -> str:
        """Return the NOTIFY that a cue is."""
        number = next(_numbers)
        return (
            f"NOTIFY sip:cue@{self.local}:{self.port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-cue-{number}\r\n"
            f"From: <sip:test@127.0.0.1>;tag=cue\r\nTo: <sip:cue@{self.local}>\r\n"
            f"Call-ID: {call_id or self.sip_call_id}\r\nCSeq: {number} NOTIFY\r\n"
            "Max-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
        )

    async def done(self, timeout_s: float = DONE_S_MAX) -> None:
        """Wait until all its calls are over; each must have gone as the scenario says."""
        try:
            code = await self._sipp.wait(timeout_s)
        except TimeoutError:
            raise AssertionError(
                f"{self.scenario} was not done after {timeout_s:g} s:\n{self.messages[-6_000:]}"
            ) from None
        assert code == 0, (
            f"{self.scenario} ended with {code}:\n{self._sipp.errors()}\n{self.messages[-6_000:]}"
        )


def said_before_cues(scenario: str) -> list[tuple[str, int] | None]:
    """Return for each NOTIFY that a scenario waits for the word that it logs last before it.

    With it stands how often it has then been logged; None: nothing is logged before.
    """
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    told: Counter[str] = Counter()
    last: str | None = None
    found: list[tuple[str, int] | None] = []
    for word, is_cue in re.findall(r'<log message="(\w+)|(<recv request="NOTIFY")', text):
        if is_cue:
            found.append(None if last is None else (last, told[last]))
        else:
            last = word
            told[word] += 1
    return found


def caller(
    rig: NodeRig,
    lane: Lane | str,
    scenario: str = "caller",
    *,
    local: str = TRUNK,
    transport: str = "udp",
    remote: str = "",
    calls: int = 1,
    media: int = 0,
    words: tuple[str, ...] = (),
    shown: str = "+4930[call_number]",
    **values: object,
) -> Party:
    """Return a customer who calls a lane's number, or another one; `shown` is his own."""
    number = lane if isinstance(lane, str) else lane.number
    there = remote or rig.address(transport)
    return Party(
        rig,
        scenario,
        local=local,
        remote=there,
        transport=transport,
        calls=calls,
        media=media,
        values={"hold_ms": 60_000, "extra": "", "from": shown, **values},
        # SIPp would leave the number out of the uri that its digest is made for.
        words=("-s", number, "-auth_uri", f"{number}@{there}", *words),
    )


def telephone(
    rig: NodeRig,
    lane: Lane,
    agent: str = "",
    scenario: str = "agent",
    *,
    calls: int = 1,
    **values: object,
) -> Party:
    """Return the telephone of an agent of a lane, with a fixed contact."""
    return Party(
        rig,
        scenario,
        local=AGENTS,
        port=lane.ports[agent or lane.agent],
        calls=calls,
        values={"ring_ms": 50, "talk_ms": 60_000, **values},
    )


async def all_done(*parties: Party) -> None:
    """Wait for several."""
    await asyncio.gather(*(party.done() for party in parties))
