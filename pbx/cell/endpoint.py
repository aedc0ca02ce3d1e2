"""The PJSIP endpoint of a cell: one thread makes every call of the library.

The files beside this one that import pjsua2 (`legs`, `taps`, `players`) are called from
here alone. The thread sleeps in `libHandleEvents`, which returns on any packet. So whoever
has something for it, the node a command or another thread of the library an errand, wakes it
with a datagram to the cell's SIP port: a CRLF keep-alive, which PJSIP ignores (RFC 5626
section 3.5.1).
"""

import contextlib
import ctypes
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from pjsua2 import pjsua2 as pj

from domain.errors import CellError, LimitExceeded, NotKnown
from pbx.cell import identity, settings, wire
from pbx.cell.legs import Account, Leg, reason_of
from pbx.cell.memory import own_private_kib
from pbx.cell.players import Grave, Players
from pbx.cell.scheduling import make_realtime, may_be_realtime, reach_nice, thread_ids
from pbx.cell.taps import TapBench, TapLine

CELL_HOST: Final = "127.0.0.1"
"""A cell speaks SIP with the edge alone, on the same machine."""
STARTING_NICE: Final = 5
PR_SET_TIMERSLACK: Final = 29
"""prctl(2)."""
MEDIA_TIMER_SLACK_NS: Final = 500_000_000
TICK_S: Final = 1.0
LINGER_CANCELLED_FACTOR: Final = 6
"""A telephone that has not responded yet is lingered for longer: CANCEL may not be sent before
a provisional response (RFC 3261 section 9.1), and an INVITE is sent again after 0.5, 1.5 and
3.5 s (section 17.1.1.2)."""
MEMORY_EVERY_S: Final = 30.0
"""To look at the private memory costs a millisecond or two, which 150 cells that did it at each
heartbeat would add up to a fifteenth of a core."""
EARLY_S_MAX: Final = 1.0
"""An INVITE comes over another socket than the word that it is served, and may be first."""


class Endpoint:
    """The telephony of one contact, and after it of the next.

    RTP ports are taken in the order of the cell's range and none a second time while another
    contact can be given to a fresh cell: what the far end of an ended call still sends must
    not be heard in the next one.
    """

    def __init__(
        self,
        spec: wire.CellSpec,
        report: Callable[[wire.CellReport], None],
        commands: Callable[[], Sequence[wire.CellCommand]],
    ) -> None:
        """Take the ways to the node and from it.

        Args:
            spec: What the cell must know before it can take a call.
            report: Sends answers and events; may block briefly.
            commands: Returns what commands have come; never waits.
        """
        self._send = report
        self._commands = commands
        self._spec = spec
        self._contact_id: str | None = None
        self._early: wire.IncomingCall | None = None
        """The contact's INVITE, when it was faster than the word that we serve it."""
        self._in_trouble = False
        self._clock_runs = False
        self._realtime = False
        self._private_kib = 0
        self._next_memory_s = 0.0
        self._legs: dict[int, Leg] = {}
        self._past: list[Leg] = []
        self._last_leg = 0
        self._taken_incoming = False
        self._bridges: set[tuple[int, int]] = set()
        self._libc = ctypes.CDLL(None)
        self._queue: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._waker.setblocking(False)
        self._grave = Grave()
        self._players = Players(self.report, self._post, self._audio_of, self._grave)
        self._line = TapLine()
        self._taps: TapBench
        self._account: Account
        self._pj: Any
        self._sip_port = 0
        self._thread = threading.get_ident()
        self._over_at_s: float | None = None
        """When the contact is over, or the cell; moved on with the end of each leg."""
        self._quits = False
        self._linger_s = spec.linger_s
        self._early_until_s = 0.0
        self._next_tick_s = 0.0
        self._next_heartbeat_s = 0.0
        self._acts: dict[type[wire.Command], Callable[[Any], int | Any | None]] = {
            wire.Serve: self._serve,
            wire.Answer: self._answer,
            wire.HangUp: self._hang_up,
            wire.Connect: self._connect,
            wire.Play: self._play,
            wire.StopPlay: self._stop_play,
            wire.Bridge: self._bridge,
            wire.Unbridge: self._unbridge,
            wire.TapLeg: self._tap,
            wire.Untap: self._untap,
            wire.Hold: self._hold,
            wire.Unhold: self._unhold,
            wire.SendDigits: self._send_digits,
            wire.Transfer: self._transfer,
            wire.ReadFigures: self._read_figures,
            wire.Finish: self._finish,
            wire.Quit: self._quit,
        }

    # ---- any thread

    def report(self, message: wire.CellReport) -> None:
        """Tell the node. What raised where it should not have is no cell for another contact."""
        if isinstance(message, wire.CellTrouble):
            self._in_trouble = True
        self._send(message)

    def _post(self, act: Callable[[Any], None], subject: Any) -> None:
        self._queue.append((act, subject))
        if threading.get_ident() != self._thread:
            # A full buffer means that packets wait, so that the thread is awake.
            with contextlib.suppress(BlockingIOError):
                self._waker.sendto(b"\r\n\r\n", (CELL_HOST, self._sip_port))

    # ---- the PJSIP thread

    def open(self) -> None:
        """Start the library and report CellReady.

        Raises:
            pj.Error: A socket could not be opened or the library does not start.
        """
        self._thread = threading.get_ident()
        inherited = os.getpriority(os.PRIO_PROCESS, 0)
        if reach_nice(self._spec.nice) < inherited:
            # We may choose our level: while this cell only starts, calls come first.
            reach_nice(STARTING_NICE)
        self._pj = pj.Endpoint()
        self._pj.libCreate()
        self._seed()
        libc = self._libc
        # The library's media thread looks every 10 ms whether it shall end. With this
        # slack the kernel lets it sleep on until something else wakes the processor;
        # packets wake it as ever.
        libc.prctl(PR_SET_TIMERSLACK, MEDIA_TIMER_SLACK_NS, 0, 0, 0)
        self._pj.libInit(settings.library(self._spec))
        libc.prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0)  # this thread and the clock: the default
        self._sip_port = self._open_transport()
        self._pj.libStart()
        for codec, priority in settings.CODEC_PRIORITIES.items():
            self._pj.codecSetPriority(codec, priority)
        self._account = Account(self)
        self._account.create(settings.account(self._spec))
        self._taps = TapBench(self._line)
        nice = reach_nice(self._spec.nice)
        # CellReady is the first sign of life, and looking at the memory costs a millisecond.
        self._next_heartbeat_s = time.monotonic() + self._spec.heartbeat_s
        self._realtime = self._spec.realtime and may_be_realtime()
        ready = wire.CellReady(
            pid=os.getpid(), sip_port=self._sip_port, nice=nice, realtime=self._realtime
        )
        self.report(ready)

    def run(self) -> None:
        """Obey and report until told to quit."""
        handle, queue = self._pj.libHandleEvents, self._queue
        tick_ms, idle_ms = int(1_000 * TICK_S), int(1_000 * self._spec.heartbeat_s)
        while True:
            if self._legs:
                handle(tick_ms)
            elif self._over_at_s is None:
                handle(idle_ms)
            else:
                handle(max(0, int(1_000 * (self._over_at_s - time.monotonic())) + 1))
            for command in self._commands():
                self._obey(command)
            while queue:
                act, subject = queue.popleft()
                try:
                    act(subject)
                except Exception as error:
                    self.report(wire.CellTrouble(where=act.__name__, reason=reason_of(error)))
            now_s = time.monotonic()
            if now_s >= self._next_tick_s:
                self._tick(now_s)
            if self._over_at_s is not None and not self._legs and now_s >= self._over_at_s:
                if self._quits or not self._can_serve_again():
                    return
                self._be_free()

    def _tick(self, now_s: float) -> None:
        self._next_tick_s = now_s + TICK_S
        self._grave.sweep(now_s)
        for leg in self._legs.values():
            leg.watch(now_s)
        self._taps.mend()
        if self._early is not None and now_s >= self._early_until_s:
            self._refuse_early(self._early.leg)
        if now_s >= self._next_heartbeat_s:
            self._next_heartbeat_s = now_s + self._spec.heartbeat_s
            if now_s >= self._next_memory_s:
                self._next_memory_s = now_s + MEMORY_EVERY_S
                self._private_kib = own_private_kib()
            dropped = self._taps.dropped
            self.report(wire.Heartbeat(private_kib=self._private_kib, taps_dropped=dropped))

    def _open_transport(self) -> int:
        """Listen on a port that the kernel chooses, so that no two cells can share one."""
        transport = pj.TransportConfig()
        transport.port = 0
        transport.boundAddress = transport.publicAddress = CELL_HOST
        number = self._pj.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        name: str = self._pj.transportGetInfo(number).localName
        return int(name.rpartition(":")[2])

    # ---- what legs tell (LegOwner)

    def media_changed(self, leg: Leg) -> None:
        """Connect again what the leg's old port was connected to, outside of the callback."""
        self._post(self._wire, leg)

    def leg_ended(self, leg: Leg) -> None:
        """Free the leg outside of its callback."""
        self._post(self._drop, leg)

    def adopt(self, call_id: int) -> None:
        """Ring, and let the node decide, if this cell has a contact and no caller yet."""
        leg = self._new_leg(call_id)
        call = leg.getInfo()
        refuse = 0
        if self._over_at_s is not None:
            refuse = pj.PJSIP_SC_SERVICE_UNAVAILABLE
        elif self._taken_incoming:
            refuse = pj.PJSIP_SC_BUSY_HERE
        leg.refused = bool(refuse)
        # Refusing an INVITE without SDP before any response is an assertion of the library.
        ringing = pj.CallOpParam()
        ringing.statusCode = pj.PJSIP_SC_RINGING
        leg.answer(ringing)
        if refuse:
            self._post(lambda refused: refused.end(refuse), leg)
            return
        self._taken_incoming = True
        came = wire.IncomingCall(
            leg=leg.number,
            sip_call_id=call.callIdString,
            from_uri=call.remoteUri,
            to_uri=call.localUri,
        )
        if self._contact_id is None:
            self._early = came
            self._early_until_s = time.monotonic() + EARLY_S_MAX
        else:
            self.report(came)

    def _new_leg(self, call_id: int = pj.PJSUA_INVALID_ID) -> Leg:
        if not self._clock_runs:
            self._clock_runs = True
            self._start_clock()
        self._last_leg += 1
        leg = Leg(self, self._account, self._last_leg, self._spec.rtp_silence_s, call_id)
        self._legs[leg.number] = leg
        return leg

    def _start_clock(self) -> None:
        """Start the conference's clock, the thread that sends a packet of audio each tick."""
        before = thread_ids() if self._realtime else frozenset()
        self._pj.audDevManager().setNullDev()
        if self._realtime:
            for thread in thread_ids() - before:
                make_realtime(thread)

    def _drop(self, leg: Leg) -> None:
        self._bridges = {pair for pair in self._bridges if leg.number not in pair}
        self._taps.stop(leg.number, None)
        self._players.stop(leg.number)
        self._legs.pop(leg.number, None)
        if self._early is not None and self._early.leg == leg.number:
            self._early, self._taken_incoming = None, False
        # Kept for good: a call of pjsua2 that is freed hangs up whatever call has its number
        # then, and numbers come round after four legs.
        self._past.append(leg)
        now_s = time.monotonic()
        if leg.ending and not leg.incoming and not leg.heard:
            self._linger_s = self._spec.linger_s * LINGER_CANCELLED_FACTOR
        if self._over_at_s is not None:
            self._over_at_s = now_s + self._linger_s
        if not self._legs:
            # The conference's clock costs as much as all the rest of an idle cell. To stop
            # it waits for its next tick, up to a frame.
            self._clock_runs = False
            self._pj.audDevManager().setNoDev()

    def _wire(self, leg: Leg) -> None:
        if leg.gone:
            return
        for a, b in self._bridges:
            if leg.number in (a, b):
                self._join(a, b)
        self._taps.wire(leg.number, leg.audio)
        self._players.wire(leg.number)

    def _join(self, a: int, b: int) -> None:
        one, other = self._audio_of(a), self._audio_of(b)
        if one is not None and other is not None:
            one.startTransmit(other)
            other.startTransmit(one)

    def _audio_of(self, number: int) -> Any | None:
        leg = self._legs.get(number)
        return None if leg is None else leg.audio

    def _leg(self, number: int) -> Leg:
        leg = self._legs.get(number)
        if leg is None or leg.gone or leg.ending or leg.refused:
            raise NotKnown("leg", number)
        return leg

    # ---- commands

    def _obey(self, command: wire.CellCommand) -> None:
        try:
            answer = self._acts[type(command)](command)
        except Exception as error:
            self.report(wire.CommandFailed(id=command.id, reason=reason_of(error)))
            return
        if isinstance(answer, int):
            self.report(wire.CommandDone(id=command.id, leg=answer))
        elif not command.quiet:
            self.report(wire.CommandDone(id=command.id, figures=answer))

    def _serve(self, command: wire.Serve) -> None:
        if self._contact_id is not None:
            raise CellError(f"cell: serves {self._contact_id} already; one contact a cell")
        self._contact_id = command.contact_id
        self._line.aim(command.tap_path)
        early, self._early = self._early, None
        if early is not None and not self._legs[early.leg].gone:
            self.report(early)

    def _answer(self, command: wire.Answer) -> None:
        operation = pj.CallOpParam()
        operation.statusCode = command.status
        self._leg(command.leg).answer(operation)

    def _hang_up(self, command: wire.HangUp) -> None:
        self._leg(command.leg).end(command.status)

    def _connect(self, command: wire.Connect) -> int:
        if self._contact_id is None:
            raise CellError("cell: serves no contact yet")
        if len(self._legs) >= self._spec.legs_max:
            raise LimitExceeded("legs of a cell", len(self._legs) + 1, self._spec.legs_max)
        identity.check_headers(command.headers)
        identity.check_line("URI to call", command.uri)
        operation = pj.CallOpParam(True)
        operation.opt.audioCount = 1
        operation.opt.videoCount = 0
        operation.txOption.localUri = identity.from_value(
            command.display, command.caller, self._spec.sip_domain
        )
        for name, value in command.headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            operation.txOption.headers.append(header)
        leg = self._new_leg()
        try:
            leg.makeCall(command.uri, operation)
        except pj.Error:
            leg.gone = True
            self._drop(leg)
            raise
        return leg.number

    def _play(self, command: wire.Play) -> None:
        if not 0 < len(command.files) <= wire.PLAY_FILES_MAX:
            raise LimitExceeded("files to play", len(command.files), wire.PLAY_FILES_MAX)
        leg = self._leg(command.leg)
        self._players.start(leg.number, command.files, loop=command.loop, number=command.id)

    def _stop_play(self, command: wire.StopPlay) -> None:
        self._players.stop(self._leg(command.leg).number)

    def _bridge(self, command: wire.Bridge) -> None:
        if command.a == command.b:
            raise CellError(f"bridge: leg {command.a} with itself")
        for number in (command.a, command.b):
            self._leg(number)
        for number in (command.a, command.b):
            self._players.stop(number)
        self._bridges.add(_pair(command))
        self._join(command.a, command.b)

    def _unbridge(self, command: wire.Unbridge) -> None:
        for number in (command.a, command.b):
            self._leg(number)
        pair = _pair(command)
        if pair not in self._bridges:
            raise NotKnown("bridge", f"{command.a}-{command.b}")
        self._bridges.discard(pair)
        one, other = self._audio_of(command.a), self._audio_of(command.b)
        if one is not None and other is not None:
            one.stopTransmit(other)
            other.stopTransmit(one)

    def _tap(self, command: wire.TapLeg) -> None:
        leg = self._leg(command.leg)
        self._taps.start(leg.number, self._contact_id or "", command.speaker)
        self._taps.wire(leg.number, leg.audio)

    def _untap(self, command: wire.Untap) -> None:
        leg = self._leg(command.leg)
        self._taps.stop(leg.number, leg.audio)

    def _hold(self, command: wire.Hold) -> None:
        self._answered_leg(command.leg).setHold(pj.CallOpParam(True))

    def _unhold(self, command: wire.Unhold) -> None:
        operation = pj.CallOpParam(True)
        operation.opt.flag = pj.PJSUA_CALL_UNHOLD
        self._answered_leg(command.leg).reinvite(operation)

    def _send_digits(self, command: wire.SendDigits) -> None:
        if len(command.digits) > wire.DIGITS_MAX:
            raise LimitExceeded("digits", len(command.digits), wire.DIGITS_MAX)
        self._answered_leg(command.leg).dialDtmf(command.digits)

    def _transfer(self, command: wire.Transfer) -> None:
        identity.check_line("URI to transfer to", command.uri)
        self._answered_leg(command.leg).xfer(command.uri, pj.CallOpParam(True))

    def _read_figures(self, command: wire.ReadFigures) -> Any:
        return self._leg(command.leg).figures()

    def _finish(self, _: wire.Finish) -> None:
        for leg in tuple(self._legs.values()):
            leg.end()
        if self._over_at_s is None:
            self._over_at_s = time.monotonic() + self._linger_s

    def _quit(self, command: wire.Quit) -> None:
        self._quits = True
        if self._contact_id is None and not self._legs:
            self._over_at_s = 0.0
        else:
            self._finish(wire.Finish(id=command.id))

    def _can_serve_again(self) -> bool:
        """Tell whether enough RTP ports are left that no contact has had."""
        fresh = self._spec.rtp_ports - 2 * self._last_leg
        return not self._in_trouble and fresh >= 2 * self._spec.legs_max

    def _be_free(self) -> None:
        """Be as before the contact, but for the ports and numbers that it has used."""
        self._contact_id = self._early = self._over_at_s = None
        self._taken_incoming = False
        self._linger_s = self._spec.linger_s
        self._line.aim(None)
        self._seed()
        self.report(wire.CellFree())

    def _refuse_early(self, number: int) -> None:
        """Turn away a call that nobody has said we serve."""
        self._early, self._taken_incoming = None, False
        leg = self._legs[number]
        leg.refused = True
        leg.end(pj.PJSIP_SC_SERVICE_UNAVAILABLE)

    def _seed(self) -> None:
        """Seed the C library's rand(), from which Call-IDs, tags and SSRCs come.

        libCreate seeds it with the time and the process id, and one peer may meet the cell
        twice; nobody shall guess them.
        """
        self._libc.srand(int.from_bytes(os.urandom(4)))

    def _answered_leg(self, number: int) -> Leg:
        leg = self._leg(number)
        if not leg.answered:
            raise CellError(f"leg {number}: not answered yet")
        return leg


def _pair(command: wire.Bridge | wire.Unbridge) -> tuple[int, int]:
    return min(command.a, command.b), max(command.a, command.b)
