"""Hostile input for the edge's core: random bytes and mutated messages from one seed.

The suite runs it in small, `bench hostile` (or this module's `run`) in full.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pbx.edge.call import Placement
from pbx.edge.crossing import CELL_MESSAGE_BYTES_MAX
from pbx.edge.flow import INSIDE, Flow
from pbx.edge.message import Message, parse
from pbx.edge.post import Action, Place, Send
from tests.edge_support import (
    ANSWER,
    OFFER,
    PHONE_FLOW,
    TRUNK_FLOW,
    CoreBench,
    cell_flow,
    message,
    response,
    sip_settings,
    trunk,
)

CELLS = [("127.0.0.1", 7_200 + number) for number in range(20)]
NASTY = [
    b"\x00",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\t",
    b" ",
    b"%00",
    b"%",
    b'"',
    b"<",
    b">",
    b";",
    b",",
    b"@",
    b":",
    b"=",
    b"\xff\xfe",
    b"\xc3\x28",
    b"A" * 300,
    b"9" * 60,
    b"-1",
    b";tag=",
    b";branch=",
    b";self=1",
    b";lr",
    b"sip:",
    b"sips:",
    b"tel:",
    b"SIP/2.0",
    b"CSeq: 1 INVITE\r\n",
    b"Via: x\r\n",
    b"Content-Length: 4\r\n",
    b"m=audio 1 RTP/AVP 0\r\n",
    b"c=IN IP4 " + b"x" * 260,
    b"(((((",
    b"[::1]",
    b"Require: 100rel\r\n",
    b"Route: <sip:203.0.113.1;lr>\r\n",
    b"a=crypto:1 ",
    b"\\",
]


@dataclass
class Report:
    """What came of it."""

    messages: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    placed: int = 0
    to_cells: int = 0
    faults: int = 0
    invites_max: int = 0
    dialogs_max: int = 0
    left: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)


def corpus(number: int) -> list[tuple[bytes, Flow]]:
    """Return well-formed messages to spoil."""
    branch, call = f"z9hG4bK{number}", f"call-{number}"
    dialog: dict[str, Any] = {"call_id": "steady", "to": "<sip:800@pbx.example.com>;tag=cell-tag"}
    return [
        (
            message("INVITE", "sip:800@192.0.2.10", branch=branch, call_id=call, body=OFFER),
            TRUNK_FLOW,
        ),
        (message("OPTIONS", "sip:192.0.2.10", branch=branch, call_id=call), TRUNK_FLOW),
        (
            message(
                "REGISTER",
                "sip:pbx.example.com",
                branch=branch,
                call_id=call,
                extra=[
                    'Authorization: Digest username="ann", realm="pbx.example.com", nonce="x", '
                    'uri="sip:pbx.example.com", response="' + "0" * 32 + '", qop=auth, nc=00000001'
                ],
            ),
            TRUNK_FLOW,
        ),
        (message("INFO", "sip:x@192.0.2.10", branch=branch, cseq=number + 2, **dialog), TRUNK_FLOW),
        (
            message(
                "INVITE", "sip:x@192.0.2.10", branch=branch, cseq=number + 2, body=OFFER, **dialog
            ),
            TRUNK_FLOW,
        ),
        (
            message("CANCEL", "sip:800@192.0.2.10", branch=branch, call_id=call, contact=None),
            TRUNK_FLOW,
        ),
        (
            message("ACK", "sip:800@192.0.2.10", branch=branch, call_id=call, contact=None),
            TRUNK_FLOW,
        ),
    ]


def spoil(data: bytes, dice: random.Random) -> bytes:
    """Return a message with one to four things wrong."""
    spoiled = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(spoiled) + 1)
        end = min(len(spoiled), at + dice.randint(1, 40))
        kind = dice.randrange(7)
        if kind == 0 and at < len(spoiled):
            spoiled[at] = dice.randrange(256)
        elif kind == 1:
            del spoiled[at:end]
        elif kind == 2:
            spoiled[at:at] = spoiled[at:end] * dice.randint(1, 30)
        elif kind == 3:
            spoiled[at:at] = dice.choice(NASTY)
        elif kind == 4:
            spoiled[at:end] = dice.choice(NASTY)
        elif kind == 5:
            lines = bytes(spoiled).split(b"\r\n")
            first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            spoiled = bytearray(b"\r\n".join(lines))
        else:
            lines = bytes(spoiled).split(b"\r\n")
            lines.insert(dice.randrange(len(lines)), dice.choice(lines))
            spoiled = bytearray(b"\r\n".join(lines))
    return bytes(spoiled)


class _Run:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.report = Report()
        settings = sip_settings(
            admission={"trunk_calls_per_s": 1e6, "requests_per_source_per_s": 1e6}
        )
        self.bench = CoreBench(settings=settings, trunks=[trunk(calls_max=100_000)])
        self.bench.trunk_call(call_id="steady").answered()
        self.waiting: list[Message] = []

    def take(self, data: bytes, flow: Flow) -> None:
        """Let the core receive and act as call control and as cells."""
        self.report.messages += 1
        self.bench.clock.now_s += 0.005
        self.perform(self.bench.receive(data, flow))
        figures = self.bench.core.figures()
        self.report.invites_max = max(self.report.invites_max, figures.invites)
        self.report.dialogs_max = max(self.report.dialogs_max, figures.dialogs)

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Place):
                self.report.placed += 1
                placement = Placement(address=self.dice.choice(CELLS))
                core = self.bench.core
                self.perform(core.placed(action.token, placement, self.bench.clock.now_s))
            elif isinstance(action, Send):
                self.check(action)

    def check(self, action: Send) -> None:
        """Nothing leaves for a stranger, and a cell sees only what it can bear."""
        sent = parse(action.data) if action.data.strip() else None
        if action.flow.listener == INSIDE:
            assert sent is not None
            self.report.to_cells += 1
            assert len(action.data) <= CELL_MESSAGE_BYTES_MAX
            assert not sent.lacking, sent.lacking
            assert not sent.has_controls
            assert len(sent.values("Via")) == 1
            if sent.method == "INVITE" and not sent.status:
                self.answer_later(sent, action.flow)
        else:
            assert action.flow.host in (TRUNK_FLOW.host, PHONE_FLOW.host)
            if sent is not None and sent.status:
                self.report.answers[sent.status] += 1

    def answer_later(self, invite: Message, flow: Flow) -> None:
        status = self.dice.choice((180, 200, 486))
        body = ANSWER if status == 200 else b""
        data = response(invite, status, tag="t", contact="<sip:127.0.0.1:7201>", body=body)
        self.perform(self.bench.receive(data, flow))


def run(*, datagrams: int, invites: int, seed: int = 1) -> Report:
    """Throw random datagrams and mutated messages at a core; return what came of it.

    Raises:
        AssertionError: Something left for a stranger, or unfit for a cell.
    """
    work = _Run(seed)
    for _ in range(datagrams):
        data = work.dice.randbytes(work.dice.randint(0, 600))
        work.take(data, Flow("udp", TRUNK_FLOW.host, work.dice.randint(1, 65_535), 0))
    for number in range(invites):
        choices = corpus(number)
        # Half of them new calls: the deepest way.
        data, flow = choices[0] if work.dice.random() < 0.5 else work.dice.choice(choices)
        work.take(spoil(data, work.dice), flow)
        if number % 50 == 0:
            work.perform(work.bench.core.wake(work.bench.clock.now_s))
    core, clock = work.bench.core, work.bench.clock
    for cell in (*CELLS, cell_flow()[1:3]):
        _, actions = core.cell_gone(cell, clock.now_s)
        work.perform(actions)
    for _ in range(200):
        clock.now_s += 2.0
        work.perform(core.wake(clock.now_s))
    figures = core.figures()
    work.report.faults = figures.counted.get("faults", 0)
    work.report.left = (
        figures.invites, figures.dialogs, figures.hops, figures.partings, figures.timers
    )  # fmt: skip
    return work.report
