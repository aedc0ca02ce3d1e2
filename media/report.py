"""What an analysis worker tells the node: one JSON object a line, named by its `type`."""

from typing import Final

import msgspec

from domain.baseline import Baseline
from domain.emotion import EmotionScore
from domain.speech import SpeechSpan

REPORT_VERSION: Final = 1
LINE_BYTES_MAX: Final = 1 << 20
SPANS_PER_LINE_MAX: Final = 2_000
"""Spans of 150 bytes: a line stays under a third of LINE_BYTES_MAX."""
LATENCY_EDGES_S: Final = (0.03, 0.06, 0.09, 0.12, 0.18, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Upper edges of the histogram of tap latency; one more bucket holds what took longer."""


class Ready(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The worker listens."""

    pid: int
    version: int = REPORT_VERSION


class Opened(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A cell has begun to send a contact's audio."""

    contact_id: str


class ContactSpans(msgspec.Struct, frozen=True, kw_only=True):
    """Spans of one contact, in order of start.

    Attributes:
        zero_us: CLOCK_MONOTONIC at second 0 of the spans.
    """

    contact_id: str
    zero_us: int
    spans: list[SpeechSpan]


class Heard(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What has become certain since the last report."""

    contacts: list[ContactSpans]


class ContactScores(msgspec.Struct, frozen=True, kw_only=True):
    """Judgements of one contact's customer, in order of end.

    Attributes:
        zero_us: CLOCK_MONOTONIC at second 0 of the windows.
    """

    contact_id: str
    zero_us: int
    scores: list[EmotionScore]


class Felt(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What was judged of customers' voices in this turn."""

    contacts: list[ContactScores]


class Learnt(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How a customer whose contact is over usually speaks; for his next call, if he agrees.

    Attributes:
        baseline: Of the features of this version.
    """

    contact_id: str
    baseline: Baseline


class Lost(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Frames of a contact that never came, or that the worker had no time for."""

    contact_id: str
    frames: int


class Finished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A contact is over and all of it has been reported."""

    contact_id: str


class Heartbeat(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The worker lives. Counters run since its start.

    Attributes:
        contacts, legs: Heard at this moment.
        waiting: Frames that wait to be heard.
        busy_share: Of one core since the last heartbeat, 0.0 to 1.0.
        frames: Frames heard.
        lost: Frames missing, `overrun` included.
        overrun: Frames dropped, the oldest first, because the worker came too late.
        misplaced: Frames refused because of their sequence number or time.
        packets_refused: Packets that `domain/tap.py` does not describe.
        connections_refused: Cells that were one too many, or brought a contact twice.
        reports_dropped: Reports the node was too slow to read.
        latency: Frames by time from their end until heard, for each bucket of
            LATENCY_EDGES_S and one beyond; not cumulative.
        latency_sum_s: Of all frames.
        windows: Windows judged for emotion.
    """

    contacts: int
    legs: int
    waiting: int
    busy_share: float
    frames: int
    lost: int
    overrun: int
    misplaced: int
    packets_refused: int
    connections_refused: int
    reports_dropped: int
    latency: list[int]
    latency_sum_s: float
    windows: int = 0


Report = Ready | Opened | Heard | Felt | Learnt | Lost | Finished | Heartbeat

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """Return one line."""
    return _encoder.encode(report) + b"\n"


def decode(line: bytes) -> Report:
    """Return what a line says.

    Raises:
        msgspec.DecodeError: It is no report.
    """
    return _decoder.decode(line)
