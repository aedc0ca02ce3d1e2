"""The process that solves large assignments, so that the event loop need not.

`python -m router.assignment.worker` reads problems from its standard input and writes solutions to
its standard output, one after the other, until the input ends. Both are pickles, which nobody but
the node that started it writes or reads, each behind its length.
"""

import os
import pickle
import signal
import struct
import sys
from typing import BinaryIO, Final

from router.assignment.problem import Problem
from router.assignment.solver import solve

LENGTH: Final = struct.Struct("!Q")
READY: Final = b"ready"
"""What it says first, once everything is loaded."""
NICE: Final = 5
"""Calls go first; an assignment that is late is not lost."""


def framed(payload: bytes) -> tuple[bytes, bytes]:
    """Return a message as it is sent: its length and itself."""
    return LENGTH.pack(len(payload)), payload


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Solve what is asked until nothing more is."""
    replies.writelines(framed(READY))
    replies.flush()
    while True:
        head = requests.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        (size,) = LENGTH.unpack(head)
        problem = pickle.loads(requests.read(size))  # noqa: S301 - the node's own
        if not isinstance(problem, Problem):
            raise TypeError(f"a {type(problem).__name__} is no assignment problem")
        replies.writelines(framed(pickle.dumps(solve(problem), protocol=pickle.HIGHEST_PROTOCOL)))
        replies.flush()


def main() -> None:
    """Run as a process."""
    # Ctrl-C reaches every process of a terminal; this one ends when the node closes its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
