"""Taps: what a telephone says, sent to the analysis worker frame by frame.

A tap's callback runs on the clock thread of the conference, which must never wait: it
copies the samples and sends them without blocking. What the socket does not take is
dropped and counted.
"""

import ctypes
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from pjsua2 import pjsua2 as pj

from domain.tap import (
    TAP_FRAME_MS,
    TAP_FRAME_SAMPLES,
    TAP_HEADER,
    TAP_RATE_HZ,
    TAP_VERSION,
    TapKind,
)

_POINTERS: Final = struct.Struct("QQ")
_BUFFER_OFFSET: Final = 8
"""MediaFrame is { enum type; std::vector<unsigned char> buf; ... }: the vector's begin and
end pointers stand after the enum and its padding."""
_SILENCE: Final = bytes(2 * TAP_FRAME_SAMPLES)
_SEND_BUFFER_BYTES: Final = 256 * 1024
"""Several seconds of two taps, the time that a worker may take to load a model or be restarted."""


def _bytes_by_pointer(frame: Any) -> bytes:
    begin, end = _POINTERS.unpack(ctypes.string_at(int(frame.this) + _BUFFER_OFFSET, 16))
    return ctypes.string_at(begin, end - begin)


def _bytes_by_copy(frame: Any) -> bytes:
    return bytes(frame.buf)


def frame_reader() -> Callable[[Any], bytes]:
    """Return the fastest way to read a frame that is right in this build of pjsua2.

    Reading through the pointers of the C++ vector takes 1 us where `bytes(frame.buf)`
    takes 170; whether the layout is the expected one is tried on a frame of our own.
    """
    sample = bytes(range(256))
    frame = pj.MediaFrame()
    for value in sample:
        frame.buf.append(value)
    try:
        first = int(frame.this)
        # The pointers are only followed when their distance is that of the sample.
        begin, end = _POINTERS.unpack(ctypes.string_at(first + _BUFFER_OFFSET, 16))
        if begin and end - begin == len(sample) and _bytes_by_pointer(frame) == sample:
            return _bytes_by_pointer
    except (TypeError, ValueError, struct.error):
        pass
    return _bytes_by_copy


class _Clock:
    thread = 0


def _keep_thread_state() -> None:
    """Have the interpreter keep its state of the clock thread from one frame to the next.

    Python makes such a state when a foreign thread enters and frees it when it leaves, with
    two changes of the memory map each time. One entry that never leaves keeps it; a clock
    thread that ends leaves some 20 KiB behind, and a cell sees few of those.
    """
    thread = threading.get_native_id()
    if thread != _Clock.thread:
        _Clock.thread = thread
        ctypes.pythonapi.PyGILState_Ensure()


class TapLine:
    """The socket to the analysis worker."""

    def __init__(self) -> None:
        """Begin unconnected: everything sent is dropped."""
        self._path: str | None = None
        self._socket: socket.socket | None = None
        self.dropped = 0

    def aim(self, path: str | None) -> None:
        """Choose the worker; None: analysis is off."""
        self._path = path
        self._close()

    def connect(self) -> bool:
        """Connect unless connected or there is no worker; tell whether this call did it."""
        if self._socket is not None or self._path is None:
            return False
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        try:
            line.connect(self._path)
        except OSError:
            line.close()
            return False
        self._socket = line
        return True

    def send(self, packet: bytes) -> bool:
        """Send or drop, never wait; tell which. A drop is counted unless analysis is off."""
        line = self._socket
        if line is None:
            self.dropped += self._path is not None
            return False
        try:
            line.send(packet)
        except BlockingIOError:
            self.dropped += 1
            return False
        except OSError:
            self.dropped += 1
            self._close()  # the worker has gone; `connect` may find its successor
            return False
        return True

    def _close(self) -> None:
        line, self._socket = self._socket, None
        if line is not None:
            line.close()


class Tap(pj.AudioMediaPort):  # type: ignore[misc]  # pjsua2 is untyped
    """A port of the conference that receives.

    Taps are pooled and never destroyed: dropping one while the interpreter is busy is a
    segmentation fault in the clock thread.
    """

    def __init__(self, line: TapLine, read: Callable[[Any], bytes]) -> None:
        """Create the port with a frame time of its own, other than the conference's."""
        super().__init__()
        self.leg = 0
        self.sequence = 0
        self.stale = False
        """What lies in the port, up to a frame, is of the leg that it was connected to before."""
        self._line = line
        self._read = read
        audio = pj.MediaFormatAudio()
        audio.type = pj.PJMEDIA_TYPE_AUDIO
        audio.clockRate = TAP_RATE_HZ
        audio.channelCount = 1
        audio.bitsPerSample = 16
        audio.frameTimeUsec = TAP_FRAME_MS * 1_000
        audio.avgBps = audio.maxBps = 16 * TAP_RATE_HZ
        self.createPort("tap", audio)

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802  # pjsua2's name
        """Send one frame; runs on the clock thread."""
        leg = self.leg
        if not leg:
            return  # a port that nothing transmits to still gets an empty frame each tick
        _keep_thread_state()
        try:
            self.sequence += 1
            header = TAP_HEADER.pack(
                TAP_VERSION, TapKind.AUDIO, leg, self.sequence, time.monotonic_ns() // 1_000
            )
            # An empty frame while tapped is a telephone that sends nothing: silence keeps
            # the worker's time.
            payload = self._read(frame) if frame.size else _SILENCE
            if self.stale and frame.size:
                self.stale, payload = False, _SILENCE
            self._line.send(header + payload)
        except Exception:  # nothing may leave a callback from C
            self._line.dropped += 1


READ_FRAME: Final = frame_reader()
"""Tried once, in the zygote."""


class TapBench:
    """The taps of a cell: those in use by leg, and the spare ones."""

    def __init__(self, line: TapLine) -> None:
        """Take the line on which all taps send."""
        self._line = line
        self._used: dict[int, tuple[Tap, bytes]] = {}
        self._unopened: set[int] = set()
        self._spare: list[Tap] = []

    @property
    def dropped(self) -> int:
        """Frames dropped since the cell began."""
        return self._line.dropped

    def start(self, leg: int, contact_id: str, speaker: str) -> None:
        """Begin to tap a leg, anew if it is tapped; `wire` connects it."""
        used = self._used.get(leg)
        tap = used[0] if used else self._spare.pop() if self._spare else None
        if tap is None:
            tap = Tap(self._line, READ_FRAME)
        said = json.dumps({"contact_id": contact_id, "speaker": speaker}).encode()
        self._used[leg] = (tap, said)
        self._line.connect()
        self._open(leg, said)
        tap.sequence = 0
        tap.leg = leg

    def wire(self, leg: int, audio: Any | None) -> None:
        """Connect a leg's audio to its tap, if it has one; needed again after a re-INVITE."""
        used = self._used.get(leg)
        if used and audio is not None:
            audio.startTransmit(used[0])

    def stop(self, leg: int, audio: Any | None) -> None:
        """Stop tapping a leg; harmless when it is not tapped."""
        used = self._used.pop(leg, None)
        if used is None:
            return
        tap = used[0]
        tap.leg = 0
        tap.stale = True
        if audio is not None:
            audio.stopTransmit(tap)
        self._spare.append(tap)
        self._unopened.discard(leg)
        self._packet(TapKind.CLOSE, leg, b"")

    def mend(self) -> None:
        """Find the worker's successor when the worker has gone, and say again what is tapped."""
        if not self._used:
            return
        if self._line.connect():
            self._unopened.update(self._used)
        for leg in tuple(self._unopened):
            self._open(leg, self._used[leg][1])

    def _open(self, leg: int, said: bytes) -> None:
        self._unopened.add(leg)
        if self._packet(TapKind.OPEN, leg, said):
            self._unopened.discard(leg)

    def _packet(self, kind: TapKind, leg: int, payload: bytes) -> bool:
        header = TAP_HEADER.pack(TAP_VERSION, kind, leg, 0, time.monotonic_ns() // 1_000)
        return self._line.send(header + payload)
