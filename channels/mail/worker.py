"""The process that reads mail: `python -m channels.mail.worker`, started by the node.

It has limits that the kernel keeps, and no use for files or other processes. A mail that takes
more processor time than it may ends the process: the node then lays that mail aside.
"""

import math
import resource
import signal
import sys
import time
from typing import BinaryIO, Final

from channels.mail import signatures
from channels.mail.limits import MailLimits
from channels.mail.parse import read
from channels.mail.parsed import ParsedMail, Quarantined, Refused
from channels.mail.wire import LENGTH, MEMORY, Ready, Reply, Request, decode_request, encode, framed

OPEN_FILES_MAX: Final = 32


def answer(request: Request) -> Reply:
    """Return what a mail says, or why it was not read."""
    try:
        result = read(
            request.raw,
            limits=request.limits,
            envelope_sender=request.envelope_sender,
            own_addresses=request.own_addresses,
        )
        if not isinstance(result, ParsedMail):
            return _reply(request, result)
        signed = signatures.verify(
            request.raw,
            request.keys,
            request.limits.header_bytes_max,
            result.sender.domain if result.sender is not None else "",
        )
    except (MemoryError, RecursionError) as error:
        reason = f"it takes more than it may to be read: {type(error).__name__}"
        return _reply(request, Quarantined(rule=MEMORY, reason=reason))
    return Reply(request.number, mail=result, signatures=signed)


def _reply(request: Request, result: Refused | Quarantined) -> Reply:
    if isinstance(result, Refused):
        return Reply(request.number, refused=result)
    return Reply(request.number, quarantined=result)


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Read mails until no more come, or one has taken all the memory."""
    _send(replies, encode(Ready()))
    while (head := requests.read(LENGTH.size)) and len(head) == LENGTH.size:
        request = decode_request(requests.read(LENGTH.unpack(head)[0]))
        limit_processor(request.limits)
        reply = answer(request)
        _send(replies, encode(reply))
        if reply.quarantined is not None and reply.quarantined.rule == MEMORY:
            return
        del request, reply


def limit_processor(limits: MailLimits) -> None:
    """Let the kernel end this process when the mail takes too long: SIGXCPU's default."""
    until_s = math.ceil(time.process_time() + limits.cpu_s_max)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, hard))


def limit_process(memory_bytes_max: int) -> None:
    """Give the process its bounds for good."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes_max, memory_bytes_max))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES_MAX, OPEN_FILES_MAX))


def _send(replies: BinaryIO, content: bytes) -> None:
    for piece in framed(content):
        replies.write(piece)
    replies.flush()


if __name__ == "__main__":
    # The node ends it by closing its pipe; a terminal's Ctrl-C is for the node alone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_process(int(sys.argv[1]))
    serve(sys.stdin.buffer, sys.stdout.buffer)
