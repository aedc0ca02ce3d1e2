"""Keeps what a learner has learnt: taken up at the start, stored every few minutes and at the end.

Whoever kills the node loses the last minutes of learning and nothing else: outcomes come by the
hundred, and a few that are missing move no expectation that anyone would notice.
"""

import asyncio
from types import TracebackType
from typing import Final

import structlog

from domain.errors import LimitExceeded, StoreError
from domain.learning import Learner, LearningStore

SAVE_S: Final = 300.0
"""Seconds from one time to the next: little to lose, and a row of 200 kB costs nothing."""

_log = structlog.get_logger(__name__)


class LearningKeeper:
    """Async context manager; entering returns when the learner has taken up what was stored."""

    def __init__(
        self, name: str, learner: Learner, store: LearningStore, *, save_s: float = SAVE_S
    ) -> None:
        """Prepare.

        Args:
            name: Under which it is stored: "outcomes" or "needs".
            learner: Whose learning is kept.
            store: Where.
            save_s: Seconds from one time to the next.
        """
        self._name = name
        self._learner = learner
        self._store = store
        self._save_s = save_s
        self._task: asyncio.Task[None] | None = None
        self._saved: bytes | None = None
        self.failures = 0
        """Times that it could not be stored or taken up."""

    async def __aenter__(self) -> "LearningKeeper":
        try:
            state = await self._store.load(self._name)
            if state is not None:
                self._learner.restore(state)
                self._saved = state
        except StoreError as error:
            # A node without its experience still serves: it begins with skills.
            self.failures += 1
            _log.error("learning begins anew", learner=self._name, cause=str(error))
        self._task = asyncio.create_task(self._run(), name=f"learning {self._name}")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        await self.save()

    async def save(self) -> None:
        """Store what was learnt, if there is anything new; a failure is logged and counted."""
        state = self._learner.state()
        if state == self._saved:
            return
        try:
            await self._store.save(self._name, state)
        except (StoreError, LimitExceeded) as error:
            self.failures += 1
            _log.error("what was learnt is not stored", learner=self._name, cause=str(error))
        else:
            self._saved = state

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._save_s)
            await self.save()
