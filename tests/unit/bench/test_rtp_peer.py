import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.metronome import PORTS as CONTROL_PORTS
from bench.rtp_peer import (
    FRAME,
    GROUP_WORTH_A_WAKE,
    LOOK_EVERY_TICKS,
    SILENT_TICKS,
    SUBTICKS,
    TICK_NS,
    Peer,
    mu_law,
    speech,
)
from media.activity import VoiceActivity
from media.pcm import FRAME_BYTES


def linear(code: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return mu-law as samples of -1.0 to 1.0: the decoder of ITU-T G.711, table 2a."""
    bits = ~code.astype(np.int32) & 0xFF
    magnitude = ((((bits & 0x0F) << 3) + 132) << ((bits >> 4) & 7)) - 132
    return np.where(bits & 0x80, -magnitude, magnitude) / 32_635


@pytest.mark.parametrize(
    ("sample", "code"), [(0.0, 0xFF), (1.0, 0x80), (-1.0, 0x00), (7.0, 0x80), (-7.0, 0x00)]
)
def test_silence_and_the_extremes(sample: float, code: int) -> None:
    assert mu_law(np.array([sample])).tolist() == [code]


def test_what_was_encoded_is_decoded_within_the_step_of_its_segment() -> None:
    wave = np.linspace(-1, 1, 20_001)
    error = np.abs(linear(mu_law(wave)) - wave)
    # Half of a step, which is a sixteenth of its segment; the smallest is 8 of 32,635.
    assert np.all(error <= np.maximum(np.abs(wave) / 32, 0) + 8 / 32_635)


def test_louder_is_never_encoded_as_softer() -> None:
    positive = mu_law(np.linspace(0, 1, 5_000)).astype(int)
    assert np.all(np.diff(positive) <= 0)
    assert len(set(positive.tolist())) == 128


def test_speech_is_two_seconds_of_packets_and_the_same_each_time() -> None:
    frames = speech()
    assert frames.shape == (100, FRAME)
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, speech())
    assert not np.array_equal(frames, speech(seed=2))


def test_a_voice_activity_detector_takes_it_for_speech() -> None:
    pcm = (linear(speech().reshape(-1)) * 32_635).astype("<i2").tobytes()
    activity = VoiceActivity(2)
    frames = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    voiced = [hop for at in frames for hop in activity.judge(pcm[at : at + FRAME_BYTES])]
    assert sum(voiced) > 0.6 * len(voiced)


class Far:
    """A peer whose time passes in no time, and the server's ports."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 5_000_000_000
        self.late_ns = 0
        monkeypatch.setattr(time, "monotonic_ns", lambda: self.now_ns)
        monkeypatch.setattr(time, "sleep", self._sleep)
        self.peer = Peer("127.0.0.1", 0)
        self.address = self.peer._socket.getsockname()
        self.sockets = [self.peer._socket]

    def _sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9) + self.late_ns

    def port(self, number: int = 0) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", number))
        made.setblocking(False)
        self.sockets.append(made)
        return made

    def say(self, port: socket.socket, sequence: int, start: bytes = b"\x80\x00") -> None:
        head = start + sequence.to_bytes(2, "big") + bytes(8)
        port.sendto(head + bytes(FRAME), self.address)


def heard_by(port: socket.socket) -> list[bytes]:
    packets = []
    try:
        while True:
            packets.append(port.recv(2_048))
    except BlockingIOError:
        return packets


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    made = Far(monkeypatch)
    yield made
    for each in made.sockets:
        each.close()


@pytest.mark.parametrize("late_ms", [0, 1, 90])
def test_a_stream_is_answered_every_20_ms_from_the_next_tick_until_it_is_silent(
    far: Far, late_ms: int
) -> None:
    far.late_ns = late_ms * 1_000_000
    server = far.port()
    far.say(server, 7)
    far.peer.run(0.36)
    packets = heard_by(server)
    assert len(packets) == 17
    assert {len(packet) for packet in packets} == {12 + FRAME}
    assert [int.from_bytes(packet[2:4], "big") for packet in packets] == list(range(1, 18))
    assert int.from_bytes(packets[-1][4:8], "big") == 17 * FRAME
    assert packets[0][12:] != packets[1][12:]
    far.peer.run(2.0)
    # From then on it was silent.
    assert len(heard_by(server)) < SILENT_TICKS + LOOK_EVERY_TICKS


def test_only_rtp_is_counted_with_the_kernels_time(far: Far) -> None:
    server = far.port()
    before_ns = time.time_ns()
    far.say(server, 65_535)
    far.say(server, 0, b"\x80\x80")
    far.say(server, 1, b"\x80\x65")
    far.say(server, 1, b"\x81\x00")
    far.peer.run(0.04)
    heard = far.peer.heard()
    assert heard["port"].tolist() == [server.getsockname()[1]] * 2
    assert heard["sequence"].tolist() == [65_535, 0]
    assert all(0 <= at - before_ns < 60e9 for at in heard["time_ns"].tolist())
    assert heard["dropped"] == 0
    assert heard["buffer_bytes"] > 0


def test_a_control_is_heard_and_not_answered(far: Far) -> None:
    control = far.port(CONTROL_PORTS[-1])
    far.say(control, 1)
    far.peer.run(0.2)
    assert heard_by(control) == []
    assert far.peer.heard()["port"].tolist() == [CONTROL_PORTS[-1]]


def test_many_streams_are_spread_over_the_tick(far: Far) -> None:
    for _ in range(GROUP_WORTH_A_WAKE * SUBTICKS + 4):
        far.say(far.port(), 1)
    far.peer.run(TICK_NS / 1e9)
    assert [len(group) for group in far.peer._groups] == [GROUP_WORTH_A_WAKE + 1] * SUBTICKS


def test_it_stops_when_it_is_told(far: Far) -> None:
    far.peer.stopping = True
    begun_ns = far.now_ns
    far.peer.run(60.0)
    assert far.now_ns == begun_ns
