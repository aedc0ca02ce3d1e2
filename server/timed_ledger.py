"""A ledger that measures how long its callers wait for their commits."""

from collections.abc import Callable, Mapping, Sequence

from domain.contact import Contact, Interaction
from domain.ports import Clock, ContactLedger, ContactRecord
from domain.speech import SpeechSpan


class TimedLedger:
    """Implements `ContactLedger` over another one.

    What is measured is the time until the record is committed, with its time in the inbox:
    the time that a call waits for. Writes that fail are measured too.
    """

    def __init__(
        self, ledger: ContactLedger, clock: Clock, observe: Callable[[float], None]
    ) -> None:
        """Measure `ledger`; `observe` takes the seconds of each write."""
        self._ledger = ledger
        self._clock = clock
        self._observe = observe

    async def open(self, contact: Contact) -> None:
        """Write a new contact."""
        with _Timer(self._clock, self._observe):
            await self._ledger.open(contact)

    async def forget(self, contact_id: str) -> None:
        """Take back a new contact."""
        with _Timer(self._clock, self._observe):
            await self._ledger.forget(contact_id)

    async def update(self, contact: Contact) -> None:
        """Write how the contact now stands."""
        with _Timer(self._clock, self._observe):
            await self._ledger.update(contact)

    async def close(self, contact: Contact, reason: str) -> None:
        """Write how the contact ended."""
        with _Timer(self._clock, self._observe):
            await self._ledger.close(contact, reason)

    async def add_interaction(self, interaction: Interaction) -> None:
        """Write one agent's part."""
        with _Timer(self._clock, self._observe):
            await self._ledger.add_interaction(interaction)

    async def add_speech(self, contact_id: str, spans: Sequence[SpeechSpan]) -> None:
        """Write what was heard."""
        with _Timer(self._clock, self._observe):
            await self._ledger.add_speech(contact_id, spans)

    async def add_speech_of(self, spans: Mapping[str, Sequence[SpeechSpan]]) -> None:
        """Write what was heard of several contacts, by contact_id, all or none."""
        with _Timer(self._clock, self._observe):
            await self._ledger.add_speech_of(spans)

    async def get(self, contact_id: str) -> ContactRecord | None:
        """Return a contact; None if there is no such contact."""
        return await self._ledger.get(contact_id)

    async def recent(
        self, *, limit: int = 50, before: str | None = None, queue_id: str | None = None
    ) -> Sequence[ContactRecord]:
        """Return contacts, the newest first."""
        return await self._ledger.recent(limit=limit, before=before, queue_id=queue_id)

    async def speech(self, contact_id: str) -> Sequence[SpeechSpan]:
        """Return what was heard of a contact, in order of start."""
        return await self._ledger.speech(contact_id)


class _Timer:
    """Measures what is done within its `with`, however it ends."""

    def __init__(self, clock: Clock, observe: Callable[[float], None]) -> None:
        self._clock = clock
        self._observe = observe

    def __enter__(self) -> None:
        self._begun_s = self._clock.monotonic_s()

    def __exit__(self, *exc: object) -> None:
        self._observe(self._clock.monotonic_s() - self._begun_s)
