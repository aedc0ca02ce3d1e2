"""Builds the vault of attachments from the configuration, and looks after it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from config.schema import Configuration
from domain.ports import Clock
from store.attachment_check import Allowed
from store.attachment_files import AttachmentFiles
from store.attachment_keeper import AttachmentKeeper
from store.attachments import Attachments
from store.clamd import Clamd
from store.database import Database
from store.vault import Vault

FOLDER: Final = "attachments"
RETRY_S: Final = 60.0
"""How often held files are looked for without a scanner: those of a scanner that was taken out."""


@asynccontextmanager
async def attachments_at_work(
    settings: Configuration, database: Database, vault: Vault, clock: Clock
) -> AsyncIterator[Attachments]:
    """Yield the vault; entered before anything hands files over.

    Raises:
        StoreError: What dead uploads have left cannot be cleared.
    """
    wanted = settings.attachments
    scan = wanted.scan
    attachments = Attachments(
        database,
        vault,
        AttachmentFiles(
            settings.node.data_folder / FOLDER, durable=settings.store.synchronous == "full"
        ),
        clock,
        allowed=Allowed(
            types=tuple(wanted.types),
            image_pixels_max=wanted.image_pixels_max,
            unpacked_bytes_max=wanted.unpacked_bytes_max,
        ),
        bytes_max=wanted.bytes_max,
        scanner=None
        if scan is None
        else Clamd(scan.clamd, timeout_s=scan.timeout_s, at_once_max=scan.at_once_max),
        hold=scan is None or scan.when_down == "hold",
    )
    keeper = AttachmentKeeper(
        attachments,
        keep_unused_s=wanted.keep_unused_s,
        retry_s=RETRY_S if scan is None else scan.retry_s,
    )
    async with keeper:
        yield attachments
