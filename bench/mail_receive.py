"""Mails of 10 KB received, read, committed and answered in a second, beside bare aiosmtpd.

Bare aiosmtpd reads the same mails from the same client in the same run and throws them away: the
ratio is what our own work costs. The records are those of the tests' plain SQLite store, one
transaction for each mail.
"""

import asyncio
import json as json_format
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP
from rich.console import Console
from rich.table import Table

from channels.mail.service import MailService
from tests.mail_store import SqliteMail
from tests.mail_support import KEY, MovableClock, Places, PlainNames, PlainReader, mail_section

ROOT: Final = Path(__file__).resolve().parent.parent
MAILS: Final = 1_000
CONNECTIONS: Final = 8
MAIL_BYTES: Final = 10_000
WISHED_PER_S: Final = 100
"""What is aimed at on SQLite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table.

    Attributes:
        per_s: Mails answered with 250 in a second.
        p50_ms, p99_ms: From the first command of a mail to its answer.
        cpu_ms: Of the server's process for one mail, milliseconds.
    """

    name: str
    mails: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float


class NullHandler:
    """Throws every mail away."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Take it and forget it."""
        return "250 OK"


def run(json: bool = False) -> None:
    """Measure and print a table; with `json` one JSON object as well."""
    rows = asyncio.run(_measure())
    table = Table(title=f"Mails of {MAIL_BYTES // 1_000} KB by {CONNECTIONS} connections")
    for name in ("", "mails a second", "p50 ms", "p99 ms", "CPU ms a mail"):
        table.add_column(name, justify="right" if name else "left")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.per_s:,.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{row.cpu_ms:.2f}",
        )
    console = Console()
    console.print(table)
    bare, ours = rows
    console.print(
        f"{ours.per_s / bare.per_s:.0%} of bare aiosmtpd; {WISHED_PER_S} a second are aimed at"
    )
    if json:
        figures = {"mail_receive": [asdict(row) for row in rows]}
        sys.stdout.write(json_format.dumps(figures) + "\n")


async def _measure() -> list[Figures]:
    async with _bare() as (port, count):
        bare = await _row("bare aiosmtpd, thrown away", port, count)
    with tempfile.TemporaryDirectory() as folder:
        async with _ours(Path(folder)) as (port, count):
            ours = await _row("received, read, committed", port, count)
    return [bare, ours]


async def _row(name: str, port: int, count: Callable[[], int]) -> Figures:
    before = time.process_time()
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.mail_receive",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    output, _ = await client.communicate()
    cpu_s = time.process_time() - before
    told = json_format.loads(output)
    times = sorted(told["times_s"])
    assert len(times) == MAILS == count(), "a mail was not taken"
    return Figures(
        name=name,
        mails=MAILS,
        per_s=MAILS / told["took_s"],
        p50_ms=1_000 * times[len(times) // 2],
        p99_ms=1_000 * times[int(len(times) * 0.99)],
        cpu_ms=1_000 * cpu_s / MAILS,
    )


@asynccontextmanager
async def _bare() -> AsyncIterator[tuple[int, Callable[[], int]]]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(NullHandler(), hostname="bare", loop=loop), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1], lambda: MAILS
    finally:
        server.close()


@asynccontextmanager
async def _ours(folder: Path) -> AsyncIterator[tuple[int, Callable[[], int]]]:
    clock = MovableClock()
    store: Any = SqliteMail(folder / "mail.sqlite3", clock)
    receive = {"smtp": {"address": "127.0.0.1", "port": 0}, "mails_per_connection_max": MAILS}
    service = MailService(
        mail_section(receive=receive),
        queue_names={},
        conversations=store,
        records=store,
        outgoing=store,
        attachments=store,
        mail_ids=store,
        quarantine_store=store,
        places=Places(),
        reader=PlainReader(),
        names=PlainNames(),
        key=KEY,
        data_folder=folder,
        clock=clock,
    )

    def stored() -> int:
        ((count,),) = store.rows("SELECT count(*) FROM messages")
        return int(count)

    async with service:
        yield service.server.smtp_port, stored
    store.close()


async def _client(port: int) -> None:
    """Send the mails; runs in a process of its own."""
    numbers = iter(range(MAILS))
    times: list[float] = []
    begin = time.perf_counter()
    await asyncio.gather(*(_connection(port, numbers, times) for _ in range(CONNECTIONS)))
    figures = {"took_s": time.perf_counter() - begin, "times_s": times}
    sys.stdout.write(json_format.dumps(figures))


async def _connection(port: int, numbers: Any, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    await _say(reader, writer, b"EHLO bench.example.com\r\n")
    for number in numbers:
        begin = time.perf_counter()
        for line in (
            b"MAIL FROM:<c%d@example.com>\r\n" % number,
            b"RCPT TO:<support@example.org>\r\n",
            b"DATA\r\n",
        ):
            await _say(reader, writer, line)
        answer = await _say(reader, writer, _mail(number))
        assert answer.startswith(b"250"), answer
        times.append(time.perf_counter() - begin)
    writer.close()


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    while True:
        answer = await reader.readline()
        if answer[3:4] != b"-":
            return answer


def _mail(number: int) -> bytes:
    line = "It has not come yet, and nobody could say where it is by now.\r\n"
    # Every third answers an earlier one, by its thread.
    thread = f"In-Reply-To: <{number - 1}@example.com>\r\n" if number % 3 == 2 else ""
    header = (
        f"From: c{number}@example.com\r\nTo: support@example.org\r\nSubject: Parcel {number}\r\n"
        f"Message-ID: <{number}@example.com>\r\n{thread}\r\n"
    )
    text = line * ((MAIL_BYTES - len(header)) // len(line))
    return f"{header}{text}.\r\n".encode()


if __name__ == "__main__":
    asyncio.run(_client(int(sys.argv[1])))
