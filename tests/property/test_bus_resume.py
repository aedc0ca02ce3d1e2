"""Whatever the order in which events are published, stored, trimmed and read, a reader gets
every event once and in order, or is told that some are gone."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bus.local import LocalBus
from bus.resume import Resume
from domain.errors import EventsGone
from domain.events import ConfigurationReloaded
from tests.store_support import HandClock, digit

RECENT = 6
LAG_MAX = 4
"""Events that are not stored yet; as in the node, fewer than stay in memory."""


class Journal:
    def __init__(self, numbers):
        self.events = [digit(number) for number in numbers]
        self.trimmed = 0

    async def after(self, sequence, *, limit=1_000):
        return [e for e in self.events if e.sequence > sequence][:limit]

    async def bounds(self):
        if not self.events:
            return (0, 0)
        return (self.events[0].sequence, self.events[-1].sequence)


class Reader:
    """Remembers the number it has read last; None before the oldest that is kept."""

    def __init__(self, following, last):
        self.following = following
        self.last = last
        self.gone = False


class Stream(RuleBasedStateMachine):
    readers = Bundle("readers")

    @initialize(earlier=st.integers(0, 8), jump=st.integers(1, 50))
    def start(self, earlier, jump):
        self.loop = asyncio.new_event_loop()
        self.numbers = list(range(1, earlier + 1))
        self.journal = Journal(self.numbers)
        self.bus = LocalBus(HandClock(), first=earlier + jump, recent_max=RECENT)
        self.stored = self.bus.last
        self.resume = Resume(self.bus, self.journal, page_events=3)

    def teardown(self):
        self.loop.close()

    @rule(count=st.integers(1, LAG_MAX))
    def publish(self, count):
        for _ in range(count):
            if self.bus.last - self.stored == LAG_MAX:
                self.store(1)
            event = ConfigurationReloaded(agents=0, queues=0, trunks=0)
            self.numbers.append(self.bus.publish(event))

    @rule(count=st.integers(1, LAG_MAX))
    def store(self, count):
        up_to = min(self.stored + count, self.bus.last)
        self.journal.events += [digit(n) for n in range(self.stored + 1, up_to + 1)]
        self.stored = up_to

    @rule(count=st.integers(1, 3))
    def trim(self, count):
        surplus = min(count, len(self.journal.events) - 1)
        if surplus > 0:
            self.journal.trimmed = self.journal.events[surplus - 1].sequence
            del self.journal.events[:surplus]

    @rule(target=readers, back=st.integers(0, 30))
    def follow(self, back):
        after = self.numbers[-1 - back] if back < len(self.numbers) else 0
        return Reader(self.resume.follow(after), after or None)

    @rule(target=readers)
    def follow_from_now(self):
        return Reader(self.resume.follow(), self.bus.last)

    @rule(reader=readers, count=st.integers(1, 8))
    def read(self, reader, count):
        if not reader.gone:
            self.loop.run_until_complete(self._read(reader, count))

    async def _read(self, reader, count):
        for _ in range(count):
            task = asyncio.ensure_future(anext(reader.following))
            for _ in range(10):
                await asyncio.sleep(0)
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                # It waits, so there is nothing that it has not been given.
                assert not [n for n in self.numbers if n > (reader.last or 0)]
                return
            try:
                number = task.result().sequence
            except EventsGone:
                kept = self.journal.events
                # With all of the earlier run trimmed nobody can tell whether its last event
                # was the reader's last: numbers jump between runs. Then it is told to begin
                # again, which loses nothing, rather than that nothing was lost.
                unknown = bool(kept) and kept[0].sequence >= self.bus.first
                limit = max(self.journal.trimmed, self.bus.first if unknown else 0)
                assert (reader.last or 0) < limit
                reader.gone = True
                return
            if reader.last is None:
                # From the oldest that is kept, whichever that was.
                assert number in self.numbers
            else:
                assert number == next(n for n in self.numbers if n > reader.last)
            reader.last = number

    @invariant()
    def nothing_is_lost_between_journal_and_memory(self):
        if hasattr(self, "bus"):
            assert self.bus.recent_first <= self.stored + 1


TestStream = Stream.TestCase
TestStream.settings = settings(
    deadline=None, max_examples=60, stateful_step_count=30, derandomize=True
)
