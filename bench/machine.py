"""What the machine did with its time: how much was idle, how much its host took away."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_STAT: Final = Path("/proc/stat")
_AUTOGROUP: Final = Path("/proc/sys/kernel/sched_autogroup_enabled")


@dataclass(frozen=True, slots=True)
class MachineTime:
    """Ticks of all processors together since the machine's start (proc(5), `/proc/stat`)."""

    total: int
    idle: int
    stolen: int

    @classmethod
    def now(cls) -> Self:
        """Read it."""
        return cls.parse(_STAT.read_text())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what the first line of /proc/stat says."""
        user, nice, system, idle, waiting, irq, softirq, stolen = (
            int(word) for word in text.split(maxsplit=9)[1:9]
        )
        total = user + nice + system + idle + waiting + irq + softirq + stolen
        return cls(total, idle + waiting, stolen)

    def since(self, before: Self) -> "MachineShare":
        """Return the shares of the time between."""
        total = max(self.total - before.total, 1)
        return MachineShare(
            idle_percent=round(100 * (self.idle - before.idle) / total, 1),
            stolen_percent=round(100 * (self.stolen - before.stolen) / total, 1),
        )


@dataclass(frozen=True, slots=True)
class MachineShare:
    """Percent of the time of all processors together.

    Attributes:
        stolen_percent: Wanted by this machine and given to another by its host.
    """

    idle_percent: float
    stolen_percent: float


def nice_counts_within_session() -> bool:
    """Return whether nice levels have no effect on other sessions (sched(7), autogroup).

    Then work of another session, whatever its level, may take half of the machine from this
    one, and a cell at -10 waits for it.
    """
    return _AUTOGROUP.exists() and _AUTOGROUP.read_text().strip() == "1"
