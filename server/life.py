"""The life of a node: start, say where it listens, serve until a signal, drain, stop."""

import asyncio
import contextlib
import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Final

import structlog

from config.load import Loaded
from models.voice_activity import available
from server.emotion import sentence_of
from server.node import Node
from server.wiring import run_node

_log = structlog.get_logger(__name__)

SWITCH_S: Final = 0.001
"""The store's writer has a thread of its own; Python's default lets it keep the event loop
waiting for 5 ms, which callers would hear in the time to their answer."""
GARBAGE_THRESHOLDS: Final = (10_000, 20, 50)
"""Python's (700, 10, 10) looks through all that has been loaded every few hundred calls, and
no call is answered for the 150 ms that it takes. What is loaded at the start is left out for
good, and what calls leave behind is looked through ten times less often."""
FILES_MAX: Final = 65_536
"""A thousand cells, two thousand SIP connections and the API's readers, many times over."""
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


async def serve(loaded: Loaded, *, ready_file: Path | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then drain and stop; a second signal ends the grace.

    Args:
        loaded: The configuration.
        ready_file: Written when calls are taken, removed at the stop: one JSON object with
            `pid`, `sip` (transport, address and port each), `http` and `chat` (URLs) and `smtp`
            (address and port); null is what the node does not have. For service managers and
            tests, which may have asked for port 0.

    Raises:
        WarmlineError: A part could not start.
    """
    take_turns_fairly()
    _allow_files()
    _come_first(loaded.configuration.cells.nice)
    stopping, cutting = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        (cutting if stopping.is_set() else stopping).set()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        async with run_node(loaded) as node:
            _log.info("node ready", sip=_sip(node), http=node.http.url)
            _log.info("what is read of customers", emotion=sentence_of(node.care.model()))
            if node.care.is_at_work and not available():
                _log.warning(
                    "second stage of voice activity not installed, noise may be judged as speech"
                )
            spare_what_is_loaded()
            _write_ready(ready_file, node)
            await stopping.wait()
            await _drain(node, cutting)
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
        _remove_ready(ready_file)
    _log.info("node stopped")


def take_turns_fairly() -> None:
    """Have threads take turns as a node's do, from the start of a process on."""
    sys.setswitchinterval(SWITCH_S)


def spare_what_is_loaded() -> None:
    """Leave what a process has loaded out of what is looked through for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def _drain(node: Node, cutting: asyncio.Event) -> None:
    grace_s = node.configuration.node.drain_grace_s
    node.observation.readiness.draining = True
    node.edge.draining = True
    running = len(node.control.calls())
    _log.info("node draining", calls=running, grace_s=grace_s)
    drained = asyncio.create_task(node.control.drain(grace_s), name="drain")
    cut = asyncio.create_task(cutting.wait(), name="second signal")
    await asyncio.wait({drained, cut}, return_when=asyncio.FIRST_COMPLETED)
    cut.cancel()
    if not drained.done():
        drained.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drained
        await node.control.drain(0.0)


def _sip(node: Node) -> list[str]:
    return [f"{transport}:{host}:{port}" for transport, host, port in node.edge.listening]


def _smtp(node: Node) -> list[str | int] | None:
    receives = node.configuration.mail.receive.smtp
    if node.written.mail is None or receives is None:
        return None
    return [receives.address, node.written.mail.server.smtp_port]


def _write_ready(ready_file: Path | None, node: Node) -> None:
    if ready_file is None:
        return
    content = {
        "pid": os.getpid(),
        "sip": [list(where) for where in node.edge.listening],
        "http": node.http.url,
        "chat": None if node.written.chat is None else node.written.chat.url,
        "smtp": _smtp(node),
    }
    part = ready_file.with_suffix(".part")
    part.write_text(json.dumps(content) + "\n")
    part.replace(ready_file)


def _allow_files() -> None:
    """Allow as many open files as the system lets us: each cell takes a socket of the node."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _come_first(nice: int) -> None:
    """Run at the cells' level: a node that waits for 200 calls' audio lets all of them wait."""
    with contextlib.suppress(PermissionError):  # the pool warns of it already
        os.setpriority(os.PRIO_PROCESS, 0, min(nice, os.getpriority(os.PRIO_PROCESS, 0)))


def _remove_ready(ready_file: Path | None) -> None:
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)
