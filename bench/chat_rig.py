"""The chat in a process of its own, and customers who cost the load next to nothing."""

import asyncio
import gc
import json
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

import structlog

from bench.loop_turns import percentiles_ms
from bench.written_node import AGENT_IDS, Desks, WrittenNode, at_work, settings
from channels.chat.identity import visitor
from channels.chat.service import ChatService
from channels.chat.tickets import Admission
from conversations.service import ConversationService
from domain.message import Draft
from server.clock import SystemClock
from server.loop_lag import LoopLag

PAGE_BYTES: Final = os.sysconf("SC_PAGESIZE")
_HEAD: Final = (
    b"GET /chat/v1/socket HTTP/1.1\r\nHost: chat.example.org\r\nConnection: Upgrade\r\n"
    b"Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)"
    b" AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n"
    b"Upgrade: websocket\r\nOrigin: https://shop.example.org\r\nSec-WebSocket-Version: 13\r\n"
    b"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
"""What a browser sends."""
ACCEPTED: Final = b'{"type":"accepted","client_id":"'
LIVE: Final = b'{"type":"live"'
AGENT_TOLD: Final = b'"author":"agent"'
"""By what a customer knows a frame without parsing it."""
LAG_EVERY_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Spent:
    """What a node has spent since its start.

    Attributes:
        cpu_s, loop_s: Processor time of all its threads, and of its event loop's.
        written, commits: Writes, and the transactions that carried them.
        late_p99_ms: By how much its event loop overslept since it was asked last; None: unknown.
    """

    cpu_s: float
    loop_s: float
    written: int
    commits: int
    late_p99_ms: float | None


def chat() -> dict[str, object]:
    """Return the section `chat` with limits that one machine's load does not reach."""
    return {
        "enabled": True,
        "listen": {"port": 0},
        "allowed_origins": ["https://shop.example.org"],
        "widgets": [{"id": "web", "queue_id": "sales"}],
        "connections_max": 20_000,
        "connections_per_address_max": 20_000,
        "tickets_max": 20_000,
        "messages_per_min": 600,
        "address_messages_per_min": 60_000,
    }


def open_files() -> None:
    """Allow as many sockets as the system does."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def resident_bytes() -> int:
    """Return this process's resident memory (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def serve(pipe: Connection) -> None:
    """Run the chat, and do what the pipe asks for."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    open_files()
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with at_work(settings(Path(folder), chat=chat())) as works:
            server = works.written.chat
            assert server is not None
            service, desks = server.service, Desks(works)
            pipe.send(server.address)
            base = resident_bytes()
            tasks: list[asyncio.Task[None]] = []
            late_s: list[float] = []
            lag = LoopLag(SystemClock(), late_s.append, interval_s=LAG_EVERY_S)
            await lag.__aenter__()
            while (asked := await asyncio.to_thread(pipe.recv)) is not None:
                match asked:
                    case ("tickets", numbers):
                        pipe.send([_ticket(service, number) for number in numbers])
                    case ("memory",):
                        gc.collect()
                        held = resident_bytes() - base
                        pipe.send((service.figures.connections, held, time.process_time()))
                    case ("sit",):
                        for agent_id in AGENT_IDS:
                            work = desks.work(agent_id, desks.sit(agent_id))
                            tasks.append(asyncio.create_task(work))
                    case ("served",):
                        pipe.send(len(desks.serves))
                    case ("spent",):
                        pipe.send(_spent(works, late_s))
                        late_s.clear()
                    case ("agents", per_s, seconds):
                        writing = _agents(works.written.conversations, desks, per_s, seconds)
                        tasks.append(asyncio.create_task(writing))
            await lag.__aexit__()
            for task in tasks:
                task.cancel()


def _spent(works: WrittenNode, late_s: list[float]) -> Spent:
    figures, late_ms = works.store.database.figures(), percentiles_ms(late_s)
    return Spent(
        cpu_s=time.process_time(),
        loop_s=time.thread_time(),
        written=figures.written,
        commits=figures.commits,
        late_p99_ms=None if late_ms is None else late_ms[1],
    )


def _ticket(service: ChatService, number: int) -> str:
    person = visitor(f"{number:032x}")
    admission = Admission(person=person, widget_id="web", origin="https://shop.example.org")
    return service.tickets.issue(admission, service.clock.monotonic_s())


async def _agents(talk: ConversationService, desks: Desks, per_s: float, seconds: float) -> None:
    """Let agents write into every conversation in turn, at a steady rate."""
    serves = list(desks.serves.items())
    saying: set[asyncio.Task[Any]] = set()
    begun_s = time.monotonic()
    for number in range(int(per_s * seconds)):
        wait_s = begun_s + number / per_s - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        conversation_id, agent_id = serves[number % len(serves)]
        draft = Draft(
            client_id=f"d{per_s:g}-{number}",
            text=f"{time.monotonic_ns()} {'x' * 80}",
            agent_id=agent_id,
        )
        task = asyncio.create_task(talk.say(conversation_id, draft))
        saying.add(task)
        task.add_done_callback(saying.discard)


class Node:
    """The process with the chat, asked over a pipe."""

    def __init__(self, pipe: Connection) -> None:
        """Wait until it serves."""
        self._pipe = pipe
        self.address: tuple[str, int] = pipe.recv()

    def ask(self, *question: object) -> Any:
        """Return the answer."""
        self._pipe.send(question)
        return self._pipe.recv()

    def tell(self, *what: object) -> None:
        """Expect no answer."""
        self._pipe.send(what)


@contextmanager
def node() -> Iterator[Node]:
    """Run the chat in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Node(ours)
    finally:
        ours.send(None)
        process.join(20)
        process.kill()


class Customer(asyncio.Protocol):
    """A client of few bytes: it sends ready frames and looks for what it waits for."""

    def __init__(self, ticket: str, take: Callable[["Customer", bytes], None]) -> None:
        """Prepare; `take` is called with each message as it came."""
        self._ticket = ticket
        self._take = take
        self._buffer = bytearray()
        self._upgraded = False
        self.transport: asyncio.Transport
        self.live = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(_HEAD)

    def data_received(self, data: bytes) -> None:
        """Cut frames off what has come."""
        buffer = self._buffer
        buffer += data
        if not self._upgraded:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del buffer[: end + 4]
            self._upgraded = True
            self.send({"type": "hello", "version": 1, "ticket": self._ticket})
        while (frame := self._frame()) is not None:
            if frame.startswith(LIVE):
                self.live.set_result(None)
            self._take(self, frame)

    def _frame(self) -> bytes | None:
        """Return the payload of the next text frame; pings are answered on the way."""
        buffer = self._buffer
        while len(buffer) >= 2:
            length, begin = buffer[1], 2
            if length == 126:
                if len(buffer) < 4:
                    return None
                length, begin = int.from_bytes(buffer[2:4], "big"), 4
            if len(buffer) < begin + length:
                return None
            opcode, payload = buffer[0] & 0x0F, bytes(buffer[begin : begin + length])
            del buffer[: begin + length]
            if opcode == 1:
                return payload
            if opcode == 9:
                self._write(10, payload)
        return None

    def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        self._write(1, json.dumps(message).encode())

    def _write(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        size = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
        # A mask of zeros leaves the payload as it is (RFC 6455 section 5.3).
        self.transport.write(bytes((0x80 | opcode,)) + size + bytes(4) + payload)


async def enter(
    where: Node, numbers: range, take: Callable[[Customer, bytes], None]
) -> list[Customer]:
    """Return customers who are connected and live, let in a hundred at a time."""
    loop = asyncio.get_running_loop()
    customers: list[Customer] = []
    for begin in range(numbers.start, numbers.stop, 100):
        some = range(begin, min(begin + 100, numbers.stop))
        tickets = await asyncio.to_thread(where.ask, "tickets", some)
        made = await asyncio.gather(
            *(
                loop.create_connection(lambda one=ticket: Customer(one, take), *where.address)  # type: ignore[misc]
                for ticket in tickets
            )
        )
        customers += [protocol for _, protocol in made]
        await asyncio.gather(*(one.live for one in customers[-len(some) :]))
    return customers
