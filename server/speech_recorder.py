"""What was heard becomes events at once and rows soon after."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Self

import structlog

from domain.errors import StoreError
from domain.events import AudioLost, SpeechObserved
from domain.ports import ContactLedger, EventPublisher
from domain.speech import SpeechSpan

_log = structlog.get_logger(__name__)

WRITE_EVERY_S: Final = 0.5
"""Spans of all calls are written together: one transaction in place of hundreds."""
SPANS_PER_WRITE: Final = 2_000
"""About 20 ms of the store's thread, for which a call's record may have to wait."""
SPANS_MAX: Final = 200_000
"""Spans that may wait while the store fails, about 20 MB; an hour of 50 conversations."""


class SpeechRecorder:
    """Takes what the analysis workers report. Leaving writes what is left.

    Attributes:
        dropped: Spans that were not stored, because the store failed for too long.
    """

    def __init__(self, ledger: ContactLedger, events: EventPublisher) -> None:
        """Write to this ledger and tell these readers."""
        self.dropped = 0
        self._ledger = ledger
        self._events = events
        self._waiting: defaultdict[str, list[SpeechSpan]] = defaultdict(list)
        self._count = 0
        self._wanted = asyncio.Event()
        self._leaving = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="speech recorder")
        return self

    async def __aexit__(self, *exc: object) -> None:
        task, self._task = self._task, None
        if task is not None:
            # Not cancelled: a write that is cut off may be committed or not.
            self._leaving.set()
            self._wanted.set()
            await task
            await self._write()
            if self._count:
                self.dropped += self._count
                _log.error("speech lost at stop", spans=self._count)

    def heard(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        """Take new spans of a contact."""
        for span in spans:
            self._events.publish(SpeechObserved(contact_id=contact_id, span=span))
        if self._count + len(spans) > SPANS_MAX:
            self.dropped += len(spans)
            return
        self._waiting[contact_id].extend(spans)
        self._count += len(spans)
        self._wanted.set()

    def lost(self, contact_id: str, frames: int) -> None:
        """Take note of audio that did not arrive."""
        self._events.publish(AudioLost(contact_id=contact_id, frames=frames))

    async def _run(self) -> None:
        while not self._leaving.is_set():
            await self._wanted.wait()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), WRITE_EVERY_S)
            self._wanted.clear()
            await self._write()

    async def _write(self) -> None:
        batch, self._waiting = self._waiting, defaultdict(list)
        causes: list[str] = []
        for part in _parts(batch):
            try:
                await self._ledger.add_speech_of(part)
            except StoreError:
                causes += await self._write_each(part)
            else:
                self._count -= sum(map(len, part.values()))
        if causes:
            _log.error(
                "speech not stored, will be tried again", contacts=len(causes), cause=causes[0]
            )
            self._wanted.set()

    async def _write_each(self, batch: Mapping[str, list[SpeechSpan]]) -> list[str]:
        """Write what the store did not take as a whole; return why some of it failed again.

        What one contact's record suffers from shall not hold up the others.
        """
        causes: list[str] = []

        async def write(contact_id: str, spans: list[SpeechSpan]) -> None:
            try:
                await self._ledger.add_speech(contact_id, spans)
            except StoreError as error:
                self._waiting[contact_id][:0] = spans
                causes.append(str(error))
            else:
                self._count -= len(spans)

        await asyncio.gather(*(write(contact_id, spans) for contact_id, spans in batch.items()))
        return causes


def _parts(
    spans: Mapping[str, list[SpeechSpan]],
) -> Iterator[Mapping[str, list[SpeechSpan]]]:
    """Yield contacts with all their spans, as many as one write may have."""
    part: dict[str, list[SpeechSpan]] = {}
    size = 0
    for contact_id, of_contact in spans.items():
        if part and size + len(of_contact) > SPANS_PER_WRITE:
            yield part
            part, size = {}, 0
        part[contact_id] = of_contact
        size += len(of_contact)
    if part:
        yield part
