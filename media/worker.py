"""The analysis worker: one process, one core, many calls in one batch.

`python -m server.analysis_worker --socket PATH --report FD` listens on a Unix SOCK_SEQPACKET
socket, where each cell connects once and sends its legs' audio, and reports to the node on
the stream that it was given. Every tick it first empties all sockets, then hears what waits;
so when it is too slow, frames wait here, where the oldest are dropped and counted, and
never in a cell. It ends when the node shuts the stream down or is gone.
"""

import argparse
import contextlib
import gc
import os
import select
import signal
import socket
import time
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from domain.emotion import EmotionScore
from domain.speech import SpeechSpan
from domain.tap import TAP_FRAME_MS
from media.batch import hear
from media.ear import TapFrame
from media.judge import VoiceJudge
from media.listener import Listener
from media.orders import ORDER_BYTES_MAX, decode
from media.outbox import Outbox
from media.report import (
    LATENCY_EDGES_S,
    SPANS_PER_LINE_MAX,
    ContactScores,
    ContactSpans,
    Felt,
    Finished,
    Heard,
    Heartbeat,
    Learnt,
    Lost,
    Opened,
    Ready,
)
from media.sensing import Sensing
from media.settings import EarSettings
from media.taps import Close, Open, TapConnection, parse
from media.windows import WindowSettings

TICK_S: Final = TAP_FRAME_MS / 1_000
"""A frame of each leg: oftener would make smaller batches, which cost as much."""
CONNECTIONS_MAX: Final = 1_000
"""Four times what one core can hear."""
ACCEPT_BACKLOG: Final = 512
READS_PER_TICK: Final = 4
"""Rounds over the sockets, so that a cell that floods cannot keep the worker from hearing."""
HEARTBEAT_S: Final = 1.0
SENSE_EVERY_TICKS: Final = 2
"""Windows of 0.36 s of time are judged together: twice as many in a batch cost a third less each
(docs/measure/voice-cost.md), and an alert may come 1.5 s after the speech."""
NICE: Final = 5
"""Cells come first: a late judgement is late, a late packet is a gap in somebody's ear."""
FAREWELL_S_MAX: Final = 2.0
"""How long the last reports may take to reach the node."""


class _Contact:
    """A connection and the listener of its contact."""

    def __init__(self, connection: TapConnection) -> None:
        self.connection = connection
        self.listener: Listener | None = None


def _contact_spans(listener: Listener, spans: list[SpeechSpan]) -> ContactSpans:
    return ContactSpans(contact_id=listener.contact_id, zero_us=listener.zero_us, spans=spans)


class Worker:
    """The worker without its process; `tick` does all there is to do at a moment."""

    def __init__(
        self,
        listening: socket.socket,
        report: socket.socket,
        settings: EarSettings,
        now_us: Callable[[], int],
        cpu_s: Callable[[], float] = time.process_time,
        sensing: Sensing | None = None,
    ) -> None:
        """Take the bound sockets and a clock.

        Args:
            listening: SOCK_SEQPACKET, listening.
            report: Stream to the node.
            settings: How ears judge.
            now_us: CLOCK_MONOTONIC in microseconds.
            cpu_s: Processor time of this process.
            sensing: Judges customers' voices; None: nobody's emotion is read.
        """
        listening.setblocking(False)
        report.setblocking(False)
        self.stopping = False
        self._listening = listening
        self._report = report
        self._settings = settings
        self._now_us = now_us
        self._cpu_s = cpu_s
        self._sensing = sensing
        self._order = b""
        self._ticks = 0
        self._outbox = Outbox(report)
        self._contacts: dict[int, _Contact] = {}
        self._known: set[str] = set()
        self._frames = self._lost = self._overrun = self._misplaced = 0
        self._packets_refused = self._connections_refused = 0
        self._latency = [0] * (len(LATENCY_EDGES_S) + 1)
        self._latency_sum_s = 0.0
        self._beat_us = now_us()
        self._beat_cpu_s = cpu_s()
        self._poll = select.epoll()
        self._poll.register(listening, select.EPOLLIN)
        self._poll.register(report, select.EPOLLIN)
        self._outbox.put(Ready(pid=os.getpid()))
        self._outbox.flush()

    def tick(self) -> bool:
        """Read, hear and report; True when frames still wait and the next tick is due now."""
        active = self._read()
        waiting = self._hear(active)
        self._ticks += 1
        if self._sensing is not None and not waiting and self._ticks % SENSE_EVERY_TICKS == 0:
            # Who is behind hears first; what is due then is the newest speech all the same.
            self._report_scores(self._sensing.sense(active))
        self._report_spans(active)
        self._end_contacts()
        now_us = self._now_us()
        if now_us - self._beat_us >= HEARTBEAT_S * 1e6:
            self._beat(now_us)
        self._outbox.flush()
        self.stopping = self.stopping or self._outbox.broken
        return waiting

    def finish(self) -> None:
        """Hear what waits, close all contacts and report them; the worker is over."""
        self._listening.close()
        coming = list(self._contacts.values())
        while coming:
            coming = [one for one in coming if not one.connection.ended and self._take(one)]
            while self._hear(self._active()):
                pass
        for contact in self._contacts.values():
            contact.connection.ended = True
        self._end_contacts()
        self._beat(self._now_us())
        self._report.settimeout(FAREWELL_S_MAX)
        self._outbox.flush()
        self._poll.close()
        self._report.close()

    def _read(self) -> list[Listener]:
        """Take in what has come; return the listeners that have frames waiting."""
        for _ in range(READS_PER_TICK):
            more = False
            for descriptor, _ in self._poll.poll(0):
                if descriptor == self._report.fileno():
                    self._hear_node()
                elif descriptor == self._listening.fileno():
                    self._accept()
                    more = True
                else:
                    more |= self._take(self._contacts[descriptor])
            if not more or self.stopping:
                break
        return self._active()

    def _active(self) -> list[Listener]:
        listeners = (contact.listener for contact in self._contacts.values())
        return [listener for listener in listeners if listener is not None]

    def _hear_node(self) -> None:
        try:
            told = self._report.recv(ORDER_BYTES_MAX)
        except BlockingIOError:
            return
        except OSError:
            told = b""
        self.stopping = self.stopping or not told
        *lines, self._order = (self._order + told).split(b"\n")
        if len(self._order) > ORDER_BYTES_MAX:
            self.stopping = True
        for line in lines:
            try:
                order = decode(line)
            except msgspec.DecodeError:
                self.stopping = True
                return
            if self._sensing is not None:
                self._sensing.take(order, self._listener_of(order.contact_id))

    def _listener_of(self, contact_id: str) -> Listener | None:
        if contact_id not in self._known:
            return None
        return next((one for one in self._active() if one.contact_id == contact_id), None)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connected, _ = self._listening.accept()
                if len(self._contacts) >= CONNECTIONS_MAX:
                    self._connections_refused += 1
                    connected.close()
                    continue
                connection = TapConnection(connected)
                self._contacts[connection.fileno] = _Contact(connection)
                self._poll.register(connection.fileno, select.EPOLLIN)

    def _take(self, contact: _Contact) -> bool:
        connection = contact.connection
        packets, more = connection.read()
        for packet in packets:
            try:
                said = parse(packet)
                if isinstance(said, tuple):
                    self._take_frame(contact, *said)
                else:
                    self._take_change(contact, said)
            except ValueError:
                self._packets_refused += 1
                connection.refuse()
        if connection.ended:
            self._poll.unregister(connection.fileno)
            return False
        return more

    def _take_frame(self, contact: _Contact, leg: int, frame: TapFrame) -> None:
        listener = contact.listener
        ear = None if listener is None else listener.ears.get(leg)
        if listener is None or ear is None:
            # A cell whose OPEN found no room repeats it later; until then this is its lot.
            self._packets_refused += 1
            return
        if not listener.put(ear, frame):
            self._overrun += 1

    def _take_change(self, contact: _Contact, said: Open | Close) -> None:
        listener = contact.listener
        if isinstance(said, Close):
            if listener is not None:
                listener.close(said.leg)
            return
        if listener is None:
            if said.contact_id in self._known:
                self._connections_refused += 1
                contact.connection.ended = True
                raise ValueError(f"contact {said.contact_id} is being heard already")
            listener = contact.listener = Listener(said.contact_id, self._settings)
            self._known.add(said.contact_id)
            self._outbox.put(Opened(contact_id=said.contact_id))
            if self._sensing is not None:
                self._sensing.begin(listener)
        elif listener.contact_id != said.contact_id:
            raise ValueError(f"leg of {said.contact_id} in contact {listener.contact_id}")
        if not listener.open(said.leg, said.speaker):
            raise ValueError(f"contact {said.contact_id} has too many legs")

    def _hear(self, listeners: list[Listener]) -> bool:
        """Hear what waits, up to a batch; True when frames still wait."""
        frames, misplaced = hear(listeners)
        self._misplaced += misplaced
        self._frames += len(frames)
        now_us = self._now_us()
        for frame in frames:
            latency_s = (now_us - frame.time_us) / 1e6
            self._latency[bisect_left(LATENCY_EDGES_S, latency_s)] += 1
            self._latency_sum_s += latency_s
        return any(listener.due() for listener in listeners)

    def _report_spans(self, listeners: list[Listener]) -> None:
        heard: list[ContactSpans] = []
        for listener in listeners:
            spans = listener.settle()
            if spans:
                heard.append(_contact_spans(listener, spans))
            self._report_lost(listener)
        self._put_spans(heard)

    def _put_spans(self, heard: list[ContactSpans]) -> None:
        line: list[ContactSpans] = []
        room = SPANS_PER_LINE_MAX
        for contact in heard:
            if line and len(contact.spans) > room:
                self._outbox.put(Heard(contacts=line))
                line, room = [], SPANS_PER_LINE_MAX
            line.append(contact)
            room -= len(contact.spans)
        if line:
            self._outbox.put(Heard(contacts=line))

    def _report_scores(self, sensed: list[tuple[Listener, list[EmotionScore]]]) -> None:
        if sensed:
            contacts = [
                ContactScores(contact_id=one.contact_id, zero_us=one.zero_us, scores=scores)
                for one, scores in sensed
            ]
            self._outbox.put(Felt(contacts=contacts))

    def _report_learnt(self, listener: Listener) -> None:
        baseline = listener.baseline
        if baseline is not None and baseline.ready:
            self._outbox.put(
                Learnt(
                    contact_id=listener.contact_id,
                    baseline=baseline.keep(),
                )
            )

    def _report_lost(self, listener: Listener) -> None:
        lost = listener.take_lost()
        if lost:
            self._lost += lost
            self._outbox.put(Lost(contact_id=listener.contact_id, frames=lost))

    def _end_contacts(self) -> None:
        for descriptor, contact in list(self._contacts.items()):
            if not contact.connection.ended:
                continue
            listener = contact.listener
            if listener is not None:
                if listener.due():
                    continue
                spans = listener.finish()
                if spans:
                    self._put_spans([_contact_spans(listener, spans)])
                self._report_lost(listener)
                self._report_learnt(listener)
                if self._sensing is not None:
                    self._sensing.end(listener.contact_id)
                self._outbox.put(Finished(contact_id=listener.contact_id))
                self._known.discard(listener.contact_id)
            del self._contacts[descriptor]
            contact.connection.close()

    def _beat(self, now_us: int) -> None:
        cpu_s = self._cpu_s()
        listeners = self._active()
        share = (cpu_s - self._beat_cpu_s) * 1e6 / max(now_us - self._beat_us, 1)
        self._beat_us, self._beat_cpu_s = now_us, cpu_s
        self._outbox.put(
            Heartbeat(
                contacts=len(listeners),
                legs=sum(len(listener.ears) for listener in listeners),
                waiting=sum(
                    len(ear.backlog) for listener in listeners for ear in listener.ears.values()
                ),
                busy_share=round(share, 4),
                frames=self._frames,
                lost=self._lost,
                overrun=self._overrun,
                misplaced=self._misplaced,
                packets_refused=self._packets_refused,
                connections_refused=self._connections_refused,
                reports_dropped=self._outbox.dropped,
                latency=list(self._latency),
                latency_sum_s=round(self._latency_sum_s, 3),
                windows=0 if self._sensing is None else self._sensing.windows,
            )
        )


def monotonic_us() -> int:
    """Return CLOCK_MONOTONIC, the clock of the taps."""
    return time.monotonic_ns() // 1_000


def listen(path: Path) -> socket.socket:
    """Return a listening SOCK_SEQPACKET socket in the place of whatever is at `path`."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(ACCEPT_BACKLOG)
    return listening


def run(worker: Worker) -> None:
    """Tick until the worker is told to stop."""
    due_s = time.monotonic()
    while not worker.stopping:
        waiting = worker.tick()
        now_s = time.monotonic()
        # A tick that came late is not made up for: the next one hears what it missed.
        due_s = now_s if waiting else max(due_s + TICK_S, now_s)
        time.sleep(due_s - now_s)
    worker.finish()


def main(load: Callable[[str], VoiceJudge]) -> None:
    """Be an analysis worker.

    Args:
        load: Returns the judge with the weights of that name. What joins features and models is
            handed in, for neither knows the other.
    """
    usual, usual_windows = EarSettings(), WindowSettings()
    parser = argparse.ArgumentParser(prog="analysis worker")
    parser.add_argument("--socket", type=Path, required=True, help="where cells connect")
    parser.add_argument("--report", type=int, required=True, help="descriptor of the stream")
    parser.add_argument("--aggressiveness", type=int, default=usual.aggressiveness)
    parser.add_argument("--pause-s", type=float, default=usual.pause_s)
    parser.add_argument("--weights", help="of emotion; without: nobody's is read")
    parser.add_argument("--window-s", type=float, default=usual_windows.length_s)
    parser.add_argument("--hop-s", type=float, default=usual_windows.hop_s)
    parser.add_argument("--voiced-s-min", type=float, default=usual_windows.voiced_s_min)
    given = parser.parse_args()
    # Ctrl-C reaches the whole process group; the node decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    settings = EarSettings(aggressiveness=given.aggressiveness, pause_s=given.pause_s)
    sensing = None
    if given.weights is not None:
        windows = WindowSettings(given.window_s, given.hop_s, given.voiced_s_min)
        sensing = Sensing(load(given.weights), windows)
    report = socket.socket(fileno=given.report)
    worker = Worker(listen(given.socket), report, settings, monotonic_us, sensing=sensing)

    def stop(_signal: int, _frame: object) -> None:
        worker.stopping = True

    signal.signal(signal.SIGTERM, stop)
    gc.collect()
    gc.freeze()
    run(worker)
