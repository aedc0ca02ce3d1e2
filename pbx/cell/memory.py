"""How much memory a process has to itself."""

from pathlib import Path
from typing import Final

SMAPS_ROLLUP: Final = Path("/proc/self/smaps_rollup")


def private_kib(rollup: str) -> int:
    """Return the sum of Private_Clean, Private_Dirty and Private_Hugetlb in KiB.

    What a forked cell shares with the zygote counts for the zygote alone.

    Args:
        rollup: Text of a /proc/<pid>/smaps_rollup (proc(5)).
    """
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))


def own_private_kib() -> int:
    """Return the private memory of this process in KiB; 0 where the kernel does not tell."""
    try:
        return private_kib(SMAPS_ROLLUP.read_text())
    except OSError:
        return 0
