"""What strangers send to a telephone port, sent to a running node.

The torture messages of RFC 4475, random datagrams, and INVITEs with one to four things wrong
from an address that the node trusts, so that they get as far as they can. Calls that are
answered are acknowledged and hung up, for a cell that nobody hangs up is no use to the next.
Afterwards the node must be up, must answer a good call, and must not have lost a cell that it
cannot explain.
"""

import asyncio
import json as json_format
import random
import re
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, cast

import psutil
from rich.console import Console
from rich.table import Table

from bench.call_rig import CALLERS, Rig, configuration
from demo.node import NodeProcess
from tests.edge_hostility import spoil
from tests.golden.torture.messages import MESSAGES

STRANGER: Final = "127.0.0.9"
OUTSTANDING_MAX: Final = 24
"""Calls that may wait for their end at once: half of the reserve of cells."""
ANSWER_S_MAX: Final = 0.5
"""A spoiled INVITE that has no answer by then was dropped, which is an answer too."""
DATAGRAM_BYTES_MAX: Final = 1_400
BURST: Final = 50


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        answers: Final answers to the spoiled INVITEs by status; 0: none came.
        crashed: Cells that ended without being told to.
        answers_a_good_call: Afterwards.
    """

    torture: int = 0
    datagrams: int = 0
    invites: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    crashed: int = 0
    crash_reasons: Counter[str] = field(default_factory=Counter)
    cells_started: int = 0
    node_mib_before: float = 0.0
    node_mib_after: float = 0.0
    seconds: float = 0.0
    node_is_up: bool = False
    answers_a_good_call: bool = False


class _Trunk(asyncio.DatagramProtocol):
    """A carrier's socket that ends every call it is given."""

    def __init__(self) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.waiting: dict[bytes, asyncio.Future[int]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self.transport is not None
        found = re.match(rb"SIP/2\.0 (\d{3})", data)
        if found is None:
            if data.startswith(b"BYE "):
                self.transport.sendto(_reply(data), address)
            return
        status = int(found.group(1))
        if status < 200 or b"INVITE" not in (_header(data, b"CSeq") or b""):
            return
        if status < 300:
            for method in (b"ACK", b"BYE"):
                request = _within_dialog(method, data)
                if request is not None:
                    self.transport.sendto(request, address)
        else:
            self.transport.sendto(_ack_of_failure(data), address)
        # The branch is what a spoiled message keeps most often; else any that waits will do.
        branch = _branch(data)
        future = self.waiting.pop(branch, None)
        if future is not None and not future.done():
            future.set_result(status)


def _header(data: bytes, name: bytes) -> bytes | None:
    found = re.search(rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*)", data)
    return None if found is None else found.group(1)


def _headers(data: bytes, name: bytes) -> list[bytes]:
    return re.findall(rb"(?im)^" + name + rb"[ \t]*:[ \t]*([^\r\n]*)", data)


def _branch(data: bytes) -> bytes:
    found = re.search(rb"branch=([^;,\s]+)", _header(data, b"Via") or b"")
    return found.group(1) if found else b""


def _reply(data: bytes) -> bytes:
    kept = [
        b"%s: %s" % (name, value)
        for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")
        for value in _headers(data, name)
    ]
    return b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""])


def _within_dialog(method: bytes, ok: bytes) -> bytes | None:
    contact = re.search(rb"<([^>]+)>", _header(ok, b"Contact") or b"")
    number = re.match(rb"\d+", _header(ok, b"CSeq") or b"")
    if contact is None or number is None:
        return None
    cseq = int(number.group()) + (method == b"BYE")
    routes = [
        b"Route: " + route for value in reversed(_headers(ok, b"Record-Route"))
        for route in reversed(value.split(b","))
    ]  # fmt: skip
    via = (_header(ok, b"Via") or b"").partition(b";")[0]
    branch = b";branch=z9hG4bK" + secrets.token_hex(8).encode()
    return b"\r\n".join(
        [
            b"%s %s SIP/2.0" % (method, contact.group(1)),
            b"Via: " + via + branch,
            *routes,
            b"From: " + (_header(ok, b"From") or b""),
            b"To: " + (_header(ok, b"To") or b""),
            b"Call-ID: " + (_header(ok, b"Call-ID") or b""),
            b"CSeq: %d %s" % (cseq, method),
            b"Max-Forwards: 70",
            b"Content-Length: 0",
            b"",
            b"",
        ]
    )


def _ack_of_failure(answer: bytes) -> bytes:
    number = re.match(rb"\d+", _header(answer, b"CSeq") or b"")
    return b"\r\n".join(
        [
            b"ACK sip:800@127.0.0.1 SIP/2.0",
            b"Via: " + (_header(answer, b"Via") or b""),
            b"From: " + (_header(answer, b"From") or b""),
            b"To: " + (_header(answer, b"To") or b""),
            b"Call-ID: " + (_header(answer, b"Call-ID") or b""),
            b"CSeq: %s ACK" % (number.group() if number else b"1"),
            b"Max-Forwards: 70",
            b"Content-Length: 0",
            b"",
            b"",
        ]
    )


def invite(port: int, branch: str) -> bytes:
    """Return a good INVITE from the carrier."""
    body = (
        f"v=0\r\no=- 1 1 IN IP4 {CALLERS}\r\ns=-\r\nc=IN IP4 {CALLERS}\r\nt=0 0\r\n"
        "m=audio 7000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
    )
    return (
        f"INVITE sip:800@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {CALLERS}:{port};rport;branch={branch}\r\n"
        f"From: <sip:c1@{CALLERS}:{port}>;tag={branch[-8:]}\r\n"
        f"To: <sip:800@127.0.0.1>\r\nCall-ID: {branch}@{CALLERS}\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:c1@{CALLERS}:{port}>\r\nMax-Forwards: 70\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def attack(made: Rig, *, datagrams: int, invites: int, seed: int) -> Outcome:
    """Send it all, from one seed, and look at what is left."""
    dice = random.Random(seed)
    outcome = Outcome()
    began_s = time.monotonic()
    node = psutil.Process(made.node.pid)
    outcome.node_mib_before = node.memory_info().rss / 2**20
    server = (made.node.sip[0].host, made.node.sip[0].port)
    loop = asyncio.get_running_loop()
    transport, trunk = await loop.create_datagram_endpoint(_Trunk, local_addr=(CALLERS, 0))
    stranger, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=(STRANGER, 0)
    )
    port = transport.get_extra_info("sockname")[1]
    for case in MESSAGES:
        for sender in (transport, stranger):
            sender.sendto(case.data, server)
            outcome.torture += 1
        await asyncio.sleep(0)
    for number in range(datagrams):
        sender = transport if number % 2 else stranger
        sender.sendto(dice.randbytes(dice.randrange(1, DATAGRAM_BYTES_MAX)), server)
        outcome.datagrams += 1
        if number % BURST == 0:
            await asyncio.sleep(0.005)
    free = asyncio.Semaphore(OUTSTANDING_MAX)

    async def one(data: bytes, branch: bytes) -> int:
        async with free:
            answered: asyncio.Future[int] = loop.create_future()
            trunk.waiting[branch] = answered
            transport.sendto(data, server)
            try:
                return await asyncio.wait_for(answered, ANSWER_S_MAX)
            except TimeoutError:
                trunk.waiting.pop(branch, None)
                return 0

    running: set[asyncio.Task[int]] = set()
    for number in range(invites):
        branch = f"z9hG4bK{seed:04x}{number:08x}"
        data = spoil(invite(port, branch), dice)
        running.add(asyncio.create_task(one(data, branch.encode())))
        if len(running) >= 2 * OUTSTANDING_MAX:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            outcome.answers.update(task.result() for task in done)
        outcome.invites += 1
    outcome.answers.update(await asyncio.gather(*running))
    outcome.answers_a_good_call = await _good_call(trunk, transport, server, port)
    outcome.node_is_up = node.is_running() and node.status() != psutil.STATUS_ZOMBIE
    outcome.node_mib_after = node.memory_info().rss / 2**20
    outcome.crashed = int(await made.metric("warmline_cells_crashed_total"))
    outcome.cells_started = int(await made.metric("warmline_cells_started_total"))
    page = await made.request("GET", "/api/v1/events?after=0&types=CellCrashed")
    outcome.crash_reasons.update(event["event"]["reason"] for event in page["events"])
    outcome.seconds = time.monotonic() - began_s
    transport.close()
    stranger.close()
    return outcome


async def _good_call(
    trunk: _Trunk,
    transport: asyncio.DatagramTransport,
    server: tuple[str, int],
    port: int,
) -> bool:
    """Try for a while: cells that serve spoiled calls need their time to end."""
    for attempt in range(40):
        branch = f"z9hG4bKgood{attempt:04x}{secrets.token_hex(4)}"
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        trunk.waiting[branch.encode()] = answered
        transport.sendto(invite(port, branch), server)
        try:
            if await asyncio.wait_for(answered, 2.0) == 200:
                return True
        except TimeoutError:
            pass
        await asyncio.sleep(1.0)
    return False


async def _run(datagrams: int, invites: int, seed: int) -> Outcome:
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as name:
        folder = Path(name)
        node = NodeProcess(folder, configuration(1), environ={"WARMLINE_TOKEN": token})
        async with node:
            made = Rig(node, folder, token, 1)
            return await attack(made, datagrams=datagrams, invites=invites, seed=seed)


def run(
    json: bool = False, *, datagrams: int = 100_000, invites: int = 20_000, seed: int = 1
) -> None:
    """Attack and print what came of it."""
    console = Console(stderr=json)
    outcome = asyncio.run(_run(datagrams, invites, seed))
    table = Table(title="Hostile input to a running node")
    table.add_column("what")
    table.add_column("figure", justify="right")
    figures = {
        **asdict(outcome),
        # A Counter within asdict would count its own items.
        "answers": dict(sorted(outcome.answers.items())),
        "crash_reasons": dict(outcome.crash_reasons),
    }
    for name, shown in figures.items():
        table.add_row(name, f"{shown:.1f}" if isinstance(shown, float) else str(shown))
    console.print(table)
    if json:
        sys.stdout.write(json_format.dumps(figures) + "\n")
