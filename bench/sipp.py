"""SIPp as a process: a scenario with its values filled in, its counts and its logged lines."""

import asyncio
import csv
import re
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SCENARIOS: Final = Path(__file__).parent / "scenarios"
STOP_S_MAX: Final = 20.0
_TIMESTAMP: Final = re.compile(r"(\d+-\d+-\d+)\s+(\d+):(\d+):(\d+\.\d+)")


class SippMissing(Exception):
    """The program is not installed."""


@dataclass(slots=True)
class Counts:
    """What SIPp counted.

    Attributes:
        lines: Words of each logged line, the last of them the time of day in seconds.
    """

    successful: int
    failed: int
    lines: list[tuple[str, ...]] = field(default_factory=list)


def require_sipp() -> str:
    """Return the program's path.

    Raises:
        SippMissing: Says how to install it.
    """
    program = shutil.which("sipp")
    if program is None:
        raise SippMissing("sipp is not installed: sudo apt-get install sip-tester")
    return program


class Sipp:
    """One SIPp. Entering starts it."""

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        local: str,
        port: int,
        remote: str = "",
        values: Mapping[str, object],
        words: tuple[str, ...] = (),
        scenario: Path | None = None,
    ) -> None:
        """Prepare a scenario; `values` take the place of @name@ in it."""
        self.name = name
        text = (scenario or SCENARIOS / f"{name}.xml").read_text()
        for key, value in values.items():
            text = text.replace(f"@{key}@", str(value))
        self._folder = folder
        self._xml = folder / f"{name}-{port}.xml"
        self._xml.write_text(text)
        self._log = folder / f"{name}-{port}.log"
        self._stat = folder / f"{name}-{port}.csv"
        self._errors = folder / f"{name}-{port}.err"
        for old in (self._log, self._stat, self._errors):
            old.unlink(missing_ok=True)
        self._words = [
            require_sipp(),
            *([remote] if remote else []),
            "-sf", str(self._xml), "-i", local, "-p", str(port), "-nostdin",
            "-trace_logs", "-log_file", str(self._log),
            "-trace_stat", "-stf", str(self._stat), "-fd", "1",
            "-trace_err", "-error_file", str(self._errors),
            *words,
        ]  # fmt: skip
        self._process: Process | None = None

    async def __aenter__(self) -> "Sipp":
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=self._folder
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S_MAX)
            except TimeoutError:
                process.kill()
                await process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    async def wait(self, timeout_s: float) -> int:
        """Wait until all calls are done; return SIPp's exit code."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), timeout_s)

    def counts(self) -> Counts:
        """Return what has been counted and logged so far."""
        counts = Counts(0, 0)
        if self._stat.exists():
            with self._stat.open() as file:
                rows = list(csv.DictReader(file, delimiter=";"))
            if rows:
                counts.successful = int(rows[-1]["SuccessfulCall(C)"] or 0)
                counts.failed = int(rows[-1]["FailedCall(C)"] or 0)
        if self._log.exists():
            for line in self._log.read_text(errors="replace").splitlines():
                found = _TIMESTAMP.search(line)
                if found:
                    hours, minutes, seconds = found.group(2, 3, 4)
                    at_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
                    counts.lines.append((*line[: found.start()].split(), repr(at_s)))
        return counts

    def errors(self) -> str:
        """Return what SIPp complained of."""
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""
