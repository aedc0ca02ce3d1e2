import msgspec
import pytest

from domain.speech import Speaker, SpeechKind, SpeechSpan
from media.report import (
    LATENCY_EDGES_S,
    LINE_BYTES_MAX,
    SPANS_PER_LINE_MAX,
    ContactSpans,
    Finished,
    Heard,
    Heartbeat,
    Lost,
    Opened,
    Ready,
    Report,
    decode,
    encode,
)

SPAN = SpeechSpan(
    kind=SpeechKind.SEGMENT,
    start_s=12_345.678,
    end_s=12_346.789,
    speaker=Speaker.CUSTOMER,
    level_dbov=-123.4,
    pitch_hz=123.4,
    pitch_range_semitones=12.34,
)
BEAT = Heartbeat(
    contacts=1,
    legs=2,
    waiting=3,
    busy_share=0.25,
    frames=4,
    lost=5,
    overrun=6,
    misplaced=7,
    packets_refused=8,
    connections_refused=9,
    reports_dropped=10,
    latency=[1] * (len(LATENCY_EDGES_S) + 1),
    latency_sum_s=0.5,
)


@pytest.mark.parametrize(
    "report",
    [
        Ready(pid=7),
        Opened(contact_id="c1"),
        Heard(contacts=[ContactSpans(contact_id="c1", zero_us=9, spans=[SPAN])]),
        Lost(contact_id="c1", frames=3),
        Finished(contact_id="c1"),
        BEAT,
    ],
)
def test_there_and_back(report: Report) -> None:
    line = encode(report)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == report


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"type":"Unknown"}', b'{"type":"Lost"}'])
def test_what_is_no_report(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(line)


def test_the_longest_line_has_room() -> None:
    many = [ContactSpans(contact_id="x" * 128, zero_us=2**62, spans=[SPAN])] * SPANS_PER_LINE_MAX
    assert len(encode(Heard(contacts=many))) < LINE_BYTES_MAX
