"""A process that takes mail and stores it, for a test that kills it: `mail_node.py FOLDER`."""

import asyncio
import sys
from pathlib import Path

from channels.mail.service import MailService
from tests.mail_store import SqliteMail
from tests.mail_support import KEY, MovableClock, Places, PlainNames, PlainReader, mail_section


async def main(folder: Path) -> None:
    """Take mail until killed; the port stands in the first line of the output."""
    clock = MovableClock()
    store = SqliteMail(folder / "mail.sqlite3", clock)
    section = mail_section(
        receive={
            "smtp": {"address": "127.0.0.1", "port": 0},
            "connections_per_source_per_min": 10_000,
        }
    )
    async with MailService(
        section,
        queue_names={},
        conversations=store,  # type: ignore[arg-type]
        records=store,
        outgoing=store,  # type: ignore[arg-type]
        attachments=store,  # type: ignore[arg-type]
        mail_ids=store,
        quarantine_store=store,
        places=Places(),
        reader=PlainReader(),
        names=PlainNames(),
        key=KEY,
        data_folder=folder,
        clock=clock,
    ) as service:
        sys.stdout.write(f"port {service.server.smtp_port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
