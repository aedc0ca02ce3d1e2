"""What was learnt is taken up at the start and stored at the end."""

import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from domain.errors import StoreError
from server.learning import LearningKeeper


@dataclass
class FakeLearner:
    learnt: bytes = b"nothing"

    def state(self) -> bytes:
        return self.learnt

    def restore(self, state: bytes) -> None:
        if state == b"broken":
            raise StoreError("what was learnt cannot be read: broken")
        self.learnt = state


@dataclass
class FakeStore:
    kept: dict[str, bytes] = field(default_factory=dict)
    writes: int = 0
    broken: bool = False
    written: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, learner: str) -> bytes | None:
        return self.kept.get(learner)

    async def save(self, learner: str, state: bytes) -> None:
        self.writes += 1
        self.written.set()
        if self.broken:
            raise StoreError("disk full")
        self.kept[learner] = state


async def test_it_is_taken_up_and_stored_at_the_end() -> None:
    learner, store = FakeLearner(), FakeStore({"outcomes": b"before"})
    async with LearningKeeper("outcomes", learner, store) as keeper:
        assert learner.learnt == b"before"
        learner.learnt = b"after"
    assert store.kept == {"outcomes": b"after"}
    assert (store.writes, keeper.failures) == (1, 0)
    await keeper.__aexit__(None, None, None)
    assert store.writes == 1


async def test_nothing_new_is_not_written() -> None:
    learner, store = FakeLearner(), FakeStore({"outcomes": b"before"})
    async with LearningKeeper("outcomes", learner, store):
        pass
    assert store.writes == 0


async def test_it_is_stored_while_the_node_runs() -> None:
    learner, store = FakeLearner(), FakeStore()
    async with LearningKeeper("outcomes", learner, store, save_s=0.0):
        async with asyncio.timeout(5):
            await store.written.wait()
        assert store.kept == {"outcomes": b"nothing"}


@pytest.mark.parametrize("stored", [b"broken", None])
async def test_a_store_that_fails_stops_nothing(stored: bytes | None) -> None:
    learner = FakeLearner()
    store = FakeStore({} if stored is None else {"outcomes": stored}, broken=True)
    with capture_logs() as lines:
        async with LearningKeeper("outcomes", learner, store) as keeper:
            assert learner.learnt == b"nothing"
    failures = 1 + (stored is not None)
    assert keeper.failures == failures
    assert len([line for line in lines if line["log_level"] == "error"]) == failures
