"""What a leg's RTP streams have carried, over every re-INVITE; and whether they fell silent."""

from dataclasses import dataclass

from domain.leg import RtpFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCount:
    """One stream as PJMEDIA counts it.

    Attributes:
        received, lost, sent: RTP packets.
        reports: RTCP reports received.
        jitter_ms: Mean interarrival jitter (RFC 3550 section 6.4.1).
        round_trip_ms: Last measured; 0 when never.
    """

    received: int
    lost: int
    sent: int
    reports: int
    jitter_ms: float
    round_trip_ms: float


NOTHING = StreamCount(received=0, lost=0, sent=0, reports=0, jitter_ms=0.0, round_trip_ms=0.0)


class RtpLedger:
    """The sum over a leg's streams: each re-INVITE that changes the media begins a new one."""

    def __init__(self) -> None:
        """Begin with no stream."""
        self._ended = NOTHING
        self._running = NOTHING

    def observe(self, count: StreamCount) -> None:
        """Take the running stream's figures so far, in the place of the earlier ones."""
        self._running = count

    def end_stream(self) -> None:
        """Add the running stream to those that ended; harmless when none runs."""
        self._ended = self._total()
        self._running = NOTHING

    @property
    def signs_of_life(self) -> int:
        """Packets of either kind that came from the far end; grows while it lives."""
        total = self._total()
        return total.received + total.reports

    @property
    def figures(self) -> RtpFigures:
        """The sum over all streams."""
        total = self._total()
        return RtpFigures(
            received=total.received,
            lost=total.lost,
            sent=total.sent,
            jitter_ms=round(total.jitter_ms, 3),
            round_trip_ms=round(total.round_trip_ms, 3),
        )

    def _total(self) -> StreamCount:
        before, now = self._ended, self._running
        received = before.received + now.received
        jitter_ms = 0.0
        if received:
            weighted = before.jitter_ms * before.received + now.jitter_ms * now.received
            jitter_ms = weighted / received
        return StreamCount(
            received=received,
            lost=before.lost + now.lost,
            sent=before.sent + now.sent,
            reports=before.reports + now.reports,
            jitter_ms=jitter_ms,
            round_trip_ms=now.round_trip_ms or before.round_trip_ms,
        )


class SilenceWatch:
    """Tells once when a far end that should send has sent nothing for too long."""

    def __init__(self, silence_s: float) -> None:
        """Take the longest silence that is still life."""
        self._silence_s = silence_s
        self._signs = -1
        self._since_s = 0.0
        self._told = False

    def look(self, signs_of_life: int, now_s: float, *, expected: bool) -> float | None:
        """Return the length of the silence in seconds when it has just become too long.

        Args:
            signs_of_life: A count that grows while the far end lives.
            now_s: Monotonic time.
            expected: The far end is meant to send; False begins anew.
        """
        if not expected or signs_of_life != self._signs:
            self._signs = signs_of_life
            self._since_s = now_s
            self._told = False
            return None
        silent_s = now_s - self._since_s
        if self._told or silent_s < self._silence_s:
            return None
        self._told = True
        return silent_s
