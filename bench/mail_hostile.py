"""What mails that are built to harm cost, each beside the limit of half a second."""

import json as json_format
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Final

from rich.console import Console
from rich.table import Table

from channels.mail.parse import read
from channels.mail.parsed import ParsedMail, Refused
from tests import mail_hostility

CPU_S_MAX: Final = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail.

    Attributes:
        cpu_s: Processor seconds from its bytes to the verdict or the whole mail.
        verdict: "refused", "quarantined" or "read".
        why: The limit, where it was not read.
    """

    name: str
    mib: float
    cpu_s: float
    verdict: str
    why: str


def judge(name: str, make: Callable[[], bytes]) -> Outcome:
    """Read one mail and say what it cost."""
    raw = make()
    began_s = time.process_time()
    result = read(raw)
    cpu_s = time.process_time() - began_s
    if isinstance(result, ParsedMail):
        return Outcome(name, len(raw) / 2**20, cpu_s, "read", "")
    verdict = "refused" if isinstance(result, Refused) else "quarantined"
    return Outcome(name, len(raw) / 2**20, cpu_s, verdict, result.reason)


def outcomes() -> Iterator[Outcome]:
    """Yield what becomes of each."""
    for mails in (mail_hostility.REFUSED, mail_hostility.QUARANTINED, mail_hostility.READ):
        for name, make in mails.items():
            yield judge(name, make)


def run(json: bool = False) -> None:
    """Read them all and print a table, or one JSON object."""
    console = Console(stderr=json)
    table = Table(title=f"Hostile mails; a verdict may take {CPU_S_MAX} s of CPU")
    for column in ("mail", "MiB", "CPU s", "verdict", "why"):
        table.add_column(column, justify="right" if column in {"MiB", "CPU s"} else "left")
    found = list(outcomes())
    for one in found:
        over = " (over)" if one.verdict != "read" and one.cpu_s > CPU_S_MAX else ""
        table.add_row(one.name, f"{one.mib:.1f}", f"{one.cpu_s:.3f}{over}", one.verdict, one.why)
    console.print(table)
    if json:
        sys.stdout.write(json_format.dumps({"mails": [asdict(one) for one in found]}) + "\n")
