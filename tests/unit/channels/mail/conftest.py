from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.mail.service import MailService
from config.mail import Mail
from tests.mail_store import SqliteMail
from tests.mail_support import (
    KEY,
    MovableClock,
    Places,
    PlainNames,
    PlainReader,
    mail_section,
)


@dataclass
class Rig:
    """A mail service over a SQLite file."""

    folder: Path
    clock: MovableClock
    store: SqliteMail
    reader: PlainReader
    places: Places

    def service(self, mail: Mail | None = None, tls=None) -> MailService:
        return MailService(
            mail or mail_section(),
            queue_names={"service": "Service"},
            conversations=self.store,  # type: ignore[arg-type]
            records=self.store,
            outgoing=self.store,  # type: ignore[arg-type]
            attachments=self.store,  # type: ignore[arg-type]
            mail_ids=self.store,
            quarantine_store=self.store,
            places=self.places,
            reader=self.reader,
            names=PlainNames(),
            key=KEY,
            data_folder=self.folder,
            clock=self.clock,
            tls=tls,
        )

    def stored(self) -> int:
        ((count,),) = self.store.rows("SELECT count(*) FROM messages")
        return int(count)


@pytest.fixture
def rig(tmp_path):
    clock = MovableClock()
    store = SqliteMail(tmp_path / "mail.sqlite3", clock)
    yield Rig(tmp_path, clock, store, PlainReader(), Places())
    store.close()
