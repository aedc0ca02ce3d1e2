"""The edge's shell: sockets, timers and tasks around the pure core.

Entering returns when every address is heard; leaving closes them. One task for each call
that waits for its cell, in one task group; everything else runs in callbacks of the
event loop and never waits.
"""

import asyncio
import contextlib
import logging
import socket
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, NamedTuple, Self

from config.schema import AgentEntry, Sip, SipListen, Trunk
from domain.binding import Binding
from domain.errors import ConfigurationError
from domain.ports import BindingStore, Clock, CredentialSource
from pbx.edge.call import CallPlacer, InboundCall, Refusal
from pbx.edge.datagrams import Datagrams
from pbx.edge.flow import INSIDE, Flow, numeric_host, parse_uri
from pbx.edge.post import Action, Close, Declined, Listener, Names, Place, Reach, Save, Send
from pbx.edge.proxy import CoreFigures, EdgeCore
from pbx.edge.transport import (
    INSIDE_ADDRESS,
    Connection,
    Streams,
    address_facing,
    server_tls,
)

_log = logging.getLogger(__name__)

PLACEMENT_S_MAX: Final = 10.0
"""Call control that has no cell by then has none; callers give up after about 30 s."""
HANDSHAKE_S: Final = 10.0
"""A TLS handshake takes two round trips."""
RESOLVE_EVERY_S: Final = 300.0
"""Names in fixed contacts are looked up this often."""
WAKE_PAUSE_S: Final = 0.05
"""Timers are met in rounds this far apart at least. A retransmission is late by a tenth of T1 at
most, and what is only to be forgotten does not wake a busy node a hundred times a second."""


class Listening(NamedTuple):
    """An address where the edge is heard, with its real port."""

    transport: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFigures:
    """What `/metrics` shows.

    Attributes:
        placing: Calls that wait for a cell.
        connections: TCP and TLS connections open.
        counted: By name, since the start.
    """

    placing: int
    connections: int
    core: CoreFigures
    counted: Mapping[str, int] = field(default_factory=dict)


class Edge:
    """SIP from outside, SIP from the cells, and call control between them."""

    def __init__(
        self,
        settings: Sip,
        *,
        trunks: Sequence[Trunk],
        agents: Sequence[AgentEntry],
        numbers: Iterable[str],
        placer: CallPlacer,
        credentials: CredentialSource,
        bindings: BindingStore,
        clock: Clock,
        on_reachability: Callable[[str, bool], None],
        media_address: str | None = None,
    ) -> None:
        """Say what the edge works with; nothing is opened yet.

        Args:
            settings: The `sip` section.
            trunks: Who may bring calls.
            agents: Who may be rung.
            numbers: Called numbers of every queue, for trunks that name none.
            placer: Call control.
            credentials: Passwords of softphones.
            bindings: Registrations that outlive a restart.
            clock: The one source of time.
            on_reachability: Told when an agent's telephone can be rung, or no longer.
            media_address: `rtp.advertised_address`; None: that of `settings`.
        """
        self._settings = settings
        self._trunks = tuple(trunks)
        self._agents = tuple(agents)
        self._numbers = tuple(numbers)
        self._placer = placer
        self._credentials = credentials
        self._store = bindings
        self._clock = clock
        self._on_reachability = on_reachability
        self._media_address = media_address
        self._counts: Counter[str] = Counter()
        self._core: EdgeCore | None = None
        self._datagrams: dict[int, Datagrams] = {}
        self._servers: list[asyncio.Server] = []
        self._streams: Streams | None = None
        self._listening: list[Listening] = []
        self._inside_address = INSIDE_ADDRESS
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = 0.0
        self._next_round_s = 0.0
        self._message_bytes_max = settings.admission.message_bytes_max
        self._tasks: set[asyncio.Task[None]] = set()
        self._placing = 0
        self._draining = False

    @property
    def inside_address(self) -> tuple[str, int]:
        """The loopback UDP socket that cells use as their outbound proxy."""
        return self._inside_address

    @property
    def listening(self) -> Sequence[Listening]:
        """Where the edge is heard, in the order of the configuration, with real ports."""
        return tuple(self._listening)

    @property
    def draining(self) -> bool:
        """True: new calls get 503 with Retry-After, running ones go on."""
        return self._draining

    @draining.setter
    def draining(self, value: bool) -> None:
        self._draining = value
        if self._core is not None:
            self._core.draining = value

    async def __aenter__(self) -> Self:
        """Open every socket.

        Raises:
            ConfigurationError: An address cannot be listened on.
        """
        admission = self._settings.admission
        self._streams = Streams(
            message_bytes_max=admission.message_bytes_max,
            connections_max=admission.connections_max,
            receive=self._receive,
            closed=self._flow_closed,
            accept=self._accept,
            count=self._count,
        )
        try:
            await self._open()
            self._core = self._make_core()
            self._core.draining = self._draining
            self._perform(self._core.load_bindings(await self._store.load()))
        except BaseException:
            await self._close()
            raise
        self._start_task(self._keep_alive())
        if any(agent.contact is not None for agent in self._agents) or any(
            trunk.outbound is not None for trunk in self._trunks
        ):
            await self._resolve_once()
        self._start_task(self._resolve())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every socket and end every task."""
        await self._close()

    def cell_gone(self, address: tuple[str, int]) -> int:
        """A cell has died: end its dialogs and pending calls; return how many there were."""
        return self._forget_cell(address)

    def cell_released(self, address: tuple[str, int]) -> int:
        """A cell was told to end. What it has left open is ended in its place.

        A cell quits as soon as it has sent its BYE, so the edge takes over until the
        BYE is answered.
        """
        return self._forget_cell(address)

    def cell_known(self, address: tuple[str, int]) -> None:
        """Believe a cell that calls out before a call was placed with it."""
        self._live_core().cell_known(address)

    def expect_call(self, cell: tuple[str, int], trunk_id: str, number: str) -> str:
        """Announce that a cell calls a number by a trunk; return what the cell shall call.

        Raises:
            NotKnown: There is no such trunk, or it cannot dial out.
            LimitExceeded: Too many calls are announced and not made.
        """
        now_s = self._clock.monotonic_s()
        return self._live_core().trunk_calls.expect(cell, trunk_id, number, now_s)

    def reload(
        self, trunks: Sequence[Trunk], agents: Sequence[AgentEntry], numbers: Iterable[str]
    ) -> None:
        """Take other trunks, agents and numbers; running calls go on."""
        self._trunks, self._agents, self._numbers = tuple(trunks), tuple(agents), tuple(numbers)
        if self._core is not None:
            now_s = self._clock.monotonic_s()
            self._perform(self._core.reload(self._trunks, self._agents, self._numbers, now_s))
            self._start_task(self._resolve_once())

    def bindings(self, agent_id: str) -> Sequence[Binding]:
        """Return the live bindings of an agent, the preferred first."""
        return self._live_core().bindings(agent_id)

    def figures(self) -> EdgeFigures:
        """Return what is held and counted."""
        return EdgeFigures(
            placing=self._placing,
            connections=len(self._streams) if self._streams is not None else 0,
            core=self._live_core().figures(),
            counted=dict(self._counts),
        )

    # Opening and closing.

    def _live_core(self) -> EdgeCore:
        assert self._core is not None, "the edge is used inside its `async with`"
        return self._core

    def _make_core(self) -> EdgeCore:
        names = Names(
            settings=self._settings,
            media_address=self._media_address,
            listeners=[
                Listener(transport=each.transport, host=each.host, port=each.port)
                for each in self._listening
            ],
            inside=self._inside_address,
            facing=address_facing,
        )
        return EdgeCore(
            settings=self._settings,
            names=names,
            trunks=self._trunks,
            agents=self._agents,
            numbers=self._numbers,
            credentials=self._credentials,
            clock=self._clock,
        )

    async def _open(self) -> None:
        self._inside_address = self._open_udp(INSIDE, *INSIDE_ADDRESS)
        for number, listen in enumerate(self._settings.listen):
            try:
                if listen.transport == "udp":
                    host, port = self._open_udp(number, listen.address, listen.port)
                else:
                    host, port = await self._open_stream(number, listen)
            except OSError as error:
                raise ConfigurationError(
                    f"sip.listen: {listen.transport} {listen.address}:{listen.port} cannot be "
                    f"listened on: {error.strerror or error}"
                ) from error
            self._listening.append(Listening(listen.transport, host, port))

    def _open_udp(self, number: int, host: str, port: int) -> tuple[str, int]:
        datagrams = Datagrams.open(number, (host, port), self._receive, self._count)
        self._datagrams[number] = datagrams
        return datagrams.address

    async def _open_stream(self, number: int, listen: SipListen) -> tuple[str, int]:
        streams = self._streams
        assert streams is not None
        tls = None
        if listen.transport == "tls":
            if listen.certificate is None or listen.private_key is None:
                raise ConfigurationError("sip.listen: tls needs certificate and private_key")
            tls = server_tls(str(listen.certificate), str(listen.private_key))
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(streams, listen.transport, number),
            listen.address,
            listen.port,
            ssl=tls,
            backlog=256,
            ssl_handshake_timeout=HANDSHAKE_S if tls is not None else None,
        )
        self._servers.append(server)
        bound = server.sockets[0].getsockname()
        return bound[0], bound[1]

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            server.close()
        if self._streams is not None:
            await self._streams.close()
        for datagrams in self._datagrams.values():
            datagrams.close()
        self._servers.clear()
        self._datagrams.clear()
        # Transports close in callbacks of the loop; let them run before we say closed.
        await asyncio.sleep(0)

    # What comes in.

    def _receive(self, data: bytes, flow: Flow) -> None:
        core = self._core
        if core is None:
            return
        if len(data) > self._message_bytes_max:
            self._count("too_large")
            return
        self._perform(core.receive(data, flow, self._clock.monotonic_s()))

    def _flow_closed(self, flow: Flow) -> None:
        if self._core is not None:
            self._perform(self._core.flow_closed(flow, self._clock.monotonic_s()))

    def _accept(self, host: str) -> bool:
        return self._core is not None and not self._core.is_banned(host, self._clock.monotonic_s())

    def _count(self, name: str) -> None:
        self._counts[name] += 1

    # What is to be done.

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send():
                    self._send(action.flow, action.data)
                case Place():
                    self._placing += 1
                    self._start_task(self._place(action.token, action.call))
                case Declined():
                    self._placer.declined(action.cell)
                case Reach():
                    self._on_reachability(action.agent_id, action.reachable)
                case Save():
                    self._store.save(action.agent_id, action.bindings)
                case Close():
                    if self._streams is not None:
                        self._streams.drop(action.flow)
        self._set_timer()

    def _send(self, flow: Flow, data: bytes) -> None:
        if flow.transport == "udp":
            datagrams = self._datagrams.get(flow.listener)
            if datagrams is not None:
                datagrams.send(data, flow.host, flow.port)
        elif self._streams is not None:
            self._streams.send(flow, data)

    async def _place(self, token: str, call: InboundCall) -> None:
        try:
            async with asyncio.timeout(PLACEMENT_S_MAX):
                result = await self._placer.place(call)
        except TimeoutError:
            self._count("placements_timed_out")
            result = Refusal(status=503, reason="Service Unavailable", retry_after_s=5)
        except Exception as error:
            # Whatever call control met, the caller gets his answer. The text of the
            # exception may hold his number, so the log gets its kind and its frames.
            self._count("placements_failed")
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.error(
                "call was not placed", extra={"fault": type(error).__name__, "frames": frames}
            )
            result = Refusal(status=500, reason="Server Internal Error")
        finally:
            self._placing -= 1
        self._perform(self._live_core().placed(token, result, self._clock.monotonic_s()))

    def _forget_cell(self, address: tuple[str, int]) -> int:
        ended, actions = self._live_core().cell_gone(address, self._clock.monotonic_s())
        self._perform(actions)
        return ended

    # Timers and tasks.

    def _set_timer(self) -> None:
        core = self._core
        due_s = core.next_deadline_s() if core is not None else None
        if due_s is None:
            return
        due_s = max(due_s, self._next_round_s)
        if self._timer is not None:
            if self._timer_due_s <= due_s:
                # A timer that is too early costs less than one set anew at every message.
                return
            self._timer.cancel()
        self._timer_due_s = due_s
        delay_s = max(0.0, due_s - self._clock.monotonic_s())
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now_s = self._clock.monotonic_s()
        self._next_round_s = now_s + WAKE_PAUSE_S
        self._perform(self._live_core().wake(now_s))

    def _start_task(self, coroutine: "asyncio._CoroutineLike[None]") -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_alive(self) -> None:
        """Hold the NAT's way to each telephone open (RFC 5626 section 3.5.1)."""
        while True:
            await asyncio.sleep(self._settings.registrar.keepalive_s)
            for flow in self._live_core().keep_alive_flows():
                self._send(flow, b"\r\n\r\n")

    async def _resolve(self) -> None:
        while True:
            await asyncio.sleep(RESOLVE_EVERY_S)
            await self._resolve_once()

    async def _resolve_once(self) -> None:
        """Look up the names in fixed contacts and of trunks that are called (A and AAAA)."""
        core = self._live_core()
        for agent in self._agents:
            if agent.contact is None:
                continue
            name = parse_uri(agent.contact).host
            if numeric_host(name) is not None:
                continue
            core.set_fixed(agent.id, await self._look_up(name), self._clock.monotonic_s())
            self._perform(core.wake(self._clock.monotonic_s()))
        for trunk_id, name in core.trunk_calls.hosts_to_resolve():
            core.trunk_calls.set_host(trunk_id, await self._look_up(name))

    async def _look_up(self, name: str) -> str | None:
        """Return the first address of a name (not the SRV of RFC 3263); None: it has none now."""
        host: str | None = None
        with contextlib.suppress(OSError):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
            host = str(found[0][4][0]) if found else None
        if host is not None and self._streams is not None:
            self._streams.server_names[host] = name
        return host
