from pathlib import Path

import pytest

from pbx.cell import memory

ROLLUP = """\
55b8a52a4000-7ffcdf864000 ---p 00000000 00:00 0                          [rollup]
Rss:               27516 kB
Pss:               12146 kB
Shared_Clean:       9832 kB
Private_Clean:      3792 kB
Private_Dirty:      3536 kB
Private_Hugetlb:       0 kB
"""


def test_private_lines_are_added() -> None:
    assert memory.private_kib(ROLLUP) == 3_792 + 3_536


def test_own_memory_is_known() -> None:
    assert memory.own_private_kib() > 1_000


def test_kernel_that_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "SMAPS_ROLLUP", tmp_path / "missing")
    assert memory.own_private_kib() == 0
