"""Turns: two speakers' segments become pauses, overlap and turns.

Segments come in any order; each is settled once it is known that no segment with an
earlier start can follow. The floor belongs to one speaker at a time: another takes it by
being heard alone. Whoever only says "mhm" while the other speaks does not take it.
"""

from bisect import insort
from typing import Final

from domain.speech import Speaker, SpeechKind, SpeechSpan

GAP_S_MIN: Final = 0.12
"""Shorter silence and overlap is not reported: six hops, the accuracy of a segment's ends."""
FLOOR_S_MIN: Final = 0.1
"""Being heard alone for less is the ragged end of an overlap, not a turn."""
_ROUNDING_S: Final = 1e-6


def _order(segment: SpeechSpan) -> tuple[float, float, str]:
    return segment.start_s, segment.end_s, str(segment.speaker)


class TurnKeeper:
    """Watches who has the floor in one contact."""

    def __init__(self) -> None:
        """Begin before anybody has spoken."""
        self._pending: list[SpeechSpan] = []
        self._voiced_until_s: dict[Speaker, float] = {}
        self._overlap_until_s = 0.0
        self._holder: Speaker | None = None
        self._turn_start_s = 0.0
        self._turn_end_s = 0.0

    @property
    def pending(self) -> int:
        """Segments that are not settled yet."""
        return len(self._pending)

    def add(self, segment: SpeechSpan) -> None:
        """Take one closed segment."""
        insort(self._pending, segment, key=_order)

    def advance(self, known_until_s: float) -> list[SpeechSpan]:
        """Settle what can be settled.

        Args:
            known_until_s: Every segment that starts before this time has been added.

        Returns:
            Pauses, overlap and turns that are now certain.
        """
        spans: list[SpeechSpan] = []
        settled = 0
        for segment in self._pending:
            if segment.start_s >= known_until_s:
                break
            self._settle(segment, spans)
            settled += 1
        if settled:
            del self._pending[:settled]
        return spans

    def finish(self) -> list[SpeechSpan]:
        """Settle everything and close the last turn; the contact is over."""
        spans = self.advance(float("inf"))
        self._end_turn(spans)
        self._holder = None
        return spans

    def _settle(self, segment: SpeechSpan, spans: list[SpeechSpan]) -> None:
        speaker = segment.speaker
        assert speaker is not None, "a segment has a speaker"
        start_s, end_s = segment.start_s, segment.end_s
        until_s = self._voiced_until_s
        if until_s:
            silent_from_s = max(until_s.values())
            if start_s - silent_from_s > GAP_S_MIN - _ROUNDING_S:
                spans.append(
                    SpeechSpan(kind=SpeechKind.PAUSE, start_s=silent_from_s, end_s=start_s)
                )
        others_until_s = max((t for who, t in until_s.items() if who is not speaker), default=0.0)
        overlap_from_s = max(start_s, self._overlap_until_s)
        overlap_to_s = min(end_s, others_until_s)
        if overlap_to_s - overlap_from_s > GAP_S_MIN - _ROUNDING_S:
            spans.append(
                SpeechSpan(kind=SpeechKind.OVERLAP, start_s=overlap_from_s, end_s=overlap_to_s)
            )
            self._overlap_until_s = overlap_to_s
        if speaker is self._holder:
            self._turn_end_s = max(self._turn_end_s, end_s)
        elif start_s >= others_until_s or end_s - others_until_s > FLOOR_S_MIN - _ROUNDING_S:
            self._end_turn(spans)
            self._holder = speaker
            self._turn_start_s, self._turn_end_s = start_s, end_s
        until_s[speaker] = max(until_s.get(speaker, 0.0), end_s)

    def _end_turn(self, spans: list[SpeechSpan]) -> None:
        if self._holder is not None:
            spans.append(
                SpeechSpan(
                    kind=SpeechKind.TURN,
                    start_s=self._turn_start_s,
                    end_s=self._turn_end_s,
                    speaker=self._holder,
                )
            )
