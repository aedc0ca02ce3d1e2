"""Looks after attachments while the node runs: drops unused ones, asks again about held ones."""

import asyncio
from typing import Final

import structlog

from domain.errors import StoreError
from store.attachments import Attachments

SWEEP_S: Final = 600.0
"""Between two looks for unused files, which are kept for a day or so."""
_log = structlog.get_logger(__name__)


class AttachmentKeeper:
    """Async context manager, entered before files are taken; leaving ends what it is at."""

    def __init__(self, attachments: Attachments, *, keep_unused_s: float, retry_s: float) -> None:
        """Look after these.

        Args:
            attachments: All of this node.
            keep_unused_s: How long a file is kept that no message has taken up.
            retry_s: How often the scanner is asked again about files that are held.
        """
        self._attachments = attachments
        self._keep_unused_s = keep_unused_s
        self._retry_s = retry_s
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "AttachmentKeeper":
        if dead := await self._attachments.clear_incoming():
            _log.info("dead uploads dropped", uploads=dead)
        self._tasks = [
            asyncio.create_task(self._sweep(), name="attachments sweeper"),
            asyncio.create_task(self._rescan(), name="attachments scanner"),
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _sweep(self) -> None:
        try:
            if orphans := await self._attachments.drop_orphans():
                _log.info("contents without an attachment dropped", contents=orphans)
        except StoreError as error:
            _log.warning("contents not looked through", cause=str(error))
        while True:
            try:
                if dropped := await self._attachments.drop_unused(self._keep_unused_s):
                    _log.info("unused attachments dropped", attachments=dropped)
            except StoreError as error:
                _log.warning("unused attachments not dropped", cause=str(error))
            await asyncio.sleep(SWEEP_S)

    async def _rescan(self) -> None:
        while True:
            try:
                await self._attachments.rescan()
            except StoreError as error:
                _log.warning("held attachments not scanned", cause=str(error))
            await asyncio.sleep(self._retry_s)
