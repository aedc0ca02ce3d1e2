"""Mails of 10 KB received, read, committed and answered in a second, beside bare aiosmtpd.

Bare aiosmtpd reads the same mails from the same client in the same run and throws them away: the
ratio is what our own work costs. The node is that of `bench.written_node`: mails are read in
processes of their own, SPF and DMARC are asked of a table in place of DNS, every third mail
answers an earlier one, and each is committed with its contact before it is answered.
"""

import asyncio
import json as json_format
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import structlog
from aiosmtpd.smtp import SMTP
from rich.console import Console
from rich.table import Table

from bench.machine import MachineTime
from bench.mail_client import CONNECTIONS, MAIL_BYTES, MAILS
from bench.written_node import TableResolver, at_work, settings

ROOT: Final = Path(__file__).resolve().parent.parent
WISHED_PER_S: Final = 100
"""What is aimed at on SQLite."""
_NAMES: Final = {
    ("example.com", "TXT"): ["v=spf1 ip4:127.0.0.0/8 -all"],
    ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=quarantine"],
}
"""What DNS says of the senders, who come from this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row of the table.

    Attributes:
        per_s: Mails answered with 250 in a second.
        p50_ms, p99_ms: From the first command of a mail to its answer.
        cpu_ms: Of the server's process, and of those that read, for one mail, milliseconds.
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
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    machine = MachineTime.now()
    rows = asyncio.run(_measure())
    share = MachineTime.now().since(machine)
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
        f"{ours.per_s / bare.per_s:.0%} of bare aiosmtpd; {WISHED_PER_S} a second are aimed at;"
        f" {ours.cpu_ms / bare.cpu_ms:.1f} times its processor time;"
        f" machine idle {share.idle_percent} %, stolen {share.stolen_percent} %"
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
    before = _processor_s()
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.mail_client",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    output, _ = await client.communicate()
    cpu_s = _processor_s() - before
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
    receive = {"smtp": {"address": "127.0.0.1", "port": 0}, "mails_per_connection_max": MAILS}
    box = {
        "id": "support",
        "addresses": ["support@example.org"],
        "queue": "sales",
        "name": "Support",
    }
    mail = {"enabled": True, "host": "mx.example.org", "boxes": [box], "receive": receive}
    async with at_work(settings(folder, mail=mail), TableResolver(_NAMES)) as works:
        service = works.written.mail
        assert service is not None
        yield service.server.smtp_port, lambda: sum(service.figures.taken.values())


def _processor_s() -> float:
    """Return what this process has used, and those that read mail for it."""
    used = time.process_time()
    for reader in psutil.Process().children():
        spent = reader.cpu_times()
        used += spent.user + spent.system
    return used
