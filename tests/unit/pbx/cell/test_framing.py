import msgspec
import pytest

from domain.leg import RtpFigures
from pbx.cell import framing, wire

SPEC = wire.CellSpec(
    cell_id="c1",
    rtp_bind="0.0.0.0",
    rtp_address="192.0.2.1",
    rtp_port=20_000,
    rtp_ports=40,
    outbound_proxy="<sip:127.0.0.1:5070;lr>",
    sip_domain="office.example",
    nice=-10,
    realtime=True,
    heartbeat_s=5.0,
    rtp_silence_s=30.0,
    linger_s=0.7,
)


@pytest.mark.parametrize(
    "command",
    [
        wire.Serve(id=1, contact_id="c", tap_path=None),
        wire.Answer(id=2, leg=1),
        wire.Connect(id=3, uri="sip:a@b", headers={"X-A": "1"}, display="Ä", caller="49"),
        wire.Play(id=4, leg=1, files=["/a.wav", "/b.wav"], loop=True),
        wire.Quit(id=5),
    ],
)
def test_commands_come_back_as_they_were(command: wire.CellCommand) -> None:
    line = framing.written(command)
    assert line.endswith(b"\n")
    assert framing.CELL_COMMANDS.read(line) == command


def test_figures_travel_in_reports() -> None:
    figures = RtpFigures(received=10, lost=1, sent=9, jitter_ms=0.5, round_trip_ms=12.0)
    ended = wire.LegEnded(leg=2, status=200, reason="OK", by_remote=True, figures=figures)
    assert framing.CELL_REPORTS.read(framing.written(ended)) == ended


def test_zygote_speaks_the_same_way() -> None:
    request = wire.ForkCell(SPEC)
    assert framing.ZYGOTE_REQUESTS.read(framing.written(request)) == request
    report = wire.CellReaped(pid=7, exit_code=-6)
    assert framing.ZYGOTE_REPORTS.read(framing.written(report)) == report


def test_other_version_is_refused_by_name() -> None:
    line = framing.written(wire.Quit(id=1)).replace(b'"v":2', b'"v":3')
    with pytest.raises(framing.WireError, match="wire version 3: this side speaks version 2"):
        framing.CELL_COMMANDS.read(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b'{"v":2}',
        b'{"v":2,"m":{"t":"Unheard"}}',
        b'{"v":2,"m":{"t":"Quit"}}',
        b'{"v":2,"m":{"t":"Quit","id":1,"more":2}}',
        b'{"v":"1","m":{"t":"Quit","id":1}}',
    ],
)
def test_malformed_message_is_refused(line: bytes) -> None:
    with pytest.raises(framing.WireError):
        framing.CELL_COMMANDS.read(line)


def test_report_is_no_command() -> None:
    with pytest.raises(framing.WireError):
        framing.CELL_COMMANDS.read(framing.written(wire.Heartbeat(private_kib=1, taps_dropped=0)))


def test_lines_are_cut_where_they_end() -> None:
    rest = bytearray()
    assert framing.lines(b"one\ntw", rest) == [b"one"]
    assert framing.lines(b"o", rest) == ()
    assert framing.lines(b"\nthree\n", rest) == [b"two", b"three"]
    assert rest == b""


def test_endless_line_is_refused() -> None:
    with pytest.raises(framing.WireError, match="over the limit of 65536"):
        framing.lines(b"x" * (framing.WIRE_LINE_BYTES_MAX + 1), bytearray())


def test_every_message_has_a_name_of_its_own() -> None:
    messages = [*wire.CellCommand.__args__, *wire.CellReport.__args__]
    tags = [msgspec.inspect.type_info(message).tag for message in messages]  # type: ignore[attr-defined]
    assert len(set(tags)) == len(tags)
