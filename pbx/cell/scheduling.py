"""Who comes first: the nice level of a cell, and the real-time class for its clock.

A clock that is late by more than a packet time is heard. Nice levels cannot prevent it: on a
machine whose processors are all busy a thread of the normal class waits for its turn among
hundreds, and where the kernel groups processes by session they count within a session only.
"""

import contextlib
import os
from typing import Final

PRIORITY: Final = 1
"""The lowest of the class: above all that is not real-time, below what the kernel itself and
drivers have there. The kernel keeps a twentieth of each second for the rest
(sched_rt_runtime_us)."""


def reach_nice(wanted: int) -> int:
    """Take a nice level, for this thread and those it starts, or come as near as allowed."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, wanted)
    return os.getpriority(os.PRIO_PROCESS, 0)


def may_be_realtime() -> bool:
    """Tell whether threads of this process may enter the class (RLIMIT_RTPRIO, CAP_SYS_NICE)."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return False
    return True


def make_realtime(thread: int) -> None:
    """Move a thread of this process into the class.

    Raises:
        PermissionError: It may not; see `may_be_realtime`.
        ProcessLookupError: There is no such thread.
    """
    os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(PRIORITY))


def thread_ids() -> frozenset[int]:
    """Return the kernel's ids of this process' threads."""
    return frozenset(map(int, os.listdir("/proc/self/task")))  # noqa: PTH208  # a third of the time
