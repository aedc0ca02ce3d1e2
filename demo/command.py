"""`demo`: real calls against a server of its own."""

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from demo.board import Board
from demo.director import CALL_S_MAX, Director
from demo.journey import Journey
from demo.node import NodeFailed, NodeProcess
from demo.played import Played, missed
from demo.script import AGENTS, CALLS, SLEEPER, CannotBePlayed, PlannedCall, seconds_of
from demo.site import KEY_NAME

PIPE_COLUMNS: Final = 130
"""Where nobody knows how wide the reader's window is, the table is not cut."""

CONFIGURATION: Final = Path(__file__).parent.parent / "config" / "examples" / "demo.yaml"


def register(app: typer.Typer) -> None:
    """Add `demo` to the application."""
    app.command()(demo)


def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object on the last line.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the server running and say how to register.")
    ] = False,
    audio: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Let customers say your own recordings in DIR, one call for each file.",
        ),
    ] = None,
) -> None:
    """Place calls with real SIP, RTP and speech, and show what happens.

    A server of its own on free loopback ports, four agents' telephones and nine callers, of
    whom two grow angry, and one chats before, is cut off, and mails a picture after. Exit code 0:
    everything went as it should.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="warmline-demo-") as name:
            folder = Path(name)
            calls = CALLS if audio is None else _own_calls(audio, folder / "audio")
            ok = asyncio.run(_demo(folder, calls, as_json=as_json, keep=keep))
    except (NodeFailed, CannotBePlayed) as error:
        typer.echo(f"error: {error}", err=True)
        ok = False
    raise typer.Exit(0 if ok else 1)


def _own_calls(audio: Path, into: Path) -> Sequence[PlannedCall]:
    # Only who asks for it waits until libsndfile is loaded.
    from demo.audio import plan_calls  # noqa: PLC0415

    return plan_calls(audio, into)


async def _demo(folder: Path, calls: Sequence[PlannedCall], *, as_json: bool, keep: bool) -> bool:
    began_s = time.monotonic()
    token = secrets.token_urlsafe(24)
    passwords = {agent: secrets.token_urlsafe(12) for agent in AGENTS}
    board = Board()
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    own = any(plan.foreign for plan in calls)
    spoken_s = sum(seconds_of(line) for plan in calls for line in plan.lines)
    telephones = len(AGENTS) + len(calls) + (not own)
    console.print(f"Starting a server and {telephones} telephones ...")
    site_key = secrets.token_urlsafe(32)
    node = NodeProcess(
        folder,
        CONFIGURATION.read_text(),
        environ={"WARMLINE_TOKEN": token, KEY_NAME: site_key},
        passwords=passwords,
    )
    async with node:
        journey = None if own else Journey(node, token, site_key, board)
        director = Director(
            node,
            token,
            passwords,
            board,
            calls=calls,
            sleeper=None if own else SLEEPER,
            call_s_max=CALL_S_MAX + spoken_s if own else CALL_S_MAX,
            journey=journey,
        )
        live: Any = (
            Live(board, console=console, refresh_per_second=4)
            if console.is_terminal
            else nullcontext()
        )
        with live:
            played = await director.perform()
        elapsed_s = time.monotonic() - began_s
        wrong = _wrong(played, director, journey)
        if not own and not missed(played):
            wrong.append("no call met an agent who does not answer")
        if not console.is_terminal:
            console.print(board)
        if journey is not None:
            console.print(journey.timeline)
        for line in _told_why(played):
            console.print(line, markup=False, soft_wrap=True)
        told = sum(each.told for each in played)
        console.print(
            f"{told} of {len(played)} callers were told that a computer estimates emotion from "
            "their voice; an agent's voice is never judged"
        )
        for line in wrong:
            console.print(f"[red]wrong:[/red] {escape(line)}")
        if not wrong:
            console.print(
                f"[green]ok[/green]: {len(played)} calls in {elapsed_s:.0f} s, "
                f"{director.started} cells started, none crashed, no RTP lost"
            )
        else:
            console.print(f"the node's last words are:\n{_tail(node.log)}", markup=False)
        if as_json:
            _print_json(played, director, journey, ok=not wrong, elapsed_s=elapsed_s)
        if keep:
            await _keep(node, token, passwords, console)
    return not wrong


def _wrong(calls: Sequence[Played], director: Director, journey: Journey | None) -> list[str]:
    wrong = [f"{played.plan.name}: {fault}" for played in calls for fault in played.wrong]
    if director.crashed:
        wrong.append(f"{director.crashed} cells crashed")
    if journey is not None:
        wrong += [f"{journey.call.name}: {fault}" for fault in journey.wrong]
    return wrong


def _print_json(
    calls: Sequence[Played],
    director: Director,
    journey: Journey | None,
    *,
    ok: bool,
    elapsed_s: float,
) -> None:
    result: dict[str, Any] = {
        "ok": ok,
        "calls": [played.as_json() for played in calls],
        "cells": {"started": director.started, "crashed": director.crashed},
        "elapsed_s": round(elapsed_s, 1),
    }
    if journey is not None:
        result["timeline"] = journey.timeline.as_json()
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


async def _keep(node: NodeProcess, token: str, passwords: dict[str, str], console: Console) -> None:
    where = node.sip[0]
    console.print(
        f"\nThe server runs on (process {node.pid}); Ctrl-C stops it. Register a softphone on "
        "this machine:",
        highlight=False,
    )
    for agent, extension in AGENTS.items():
        console.print(
            f"  {agent}: user {extension}, domain warmline.test, proxy "
            f"{where.host}:{where.port} (UDP), password {passwords[agent]}",
            highlight=False,
        )
    console.print(
        "Dial *60 for ready, *61 for not ready, *62 to log out; call 800 (English) or 801 "
        f"(Chinese).\nAPI: {node.http}/docs with token {token}",
        highlight=False,
    )
    await node.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return os.linesep.join(log.read_text(errors="replace").splitlines()[-lines:])


def _told_why(calls: Sequence[Played]) -> Iterator[str]:
    """Tell why the call with most offers went to whom, and one call in each other language."""
    told: set[str] = set()
    for played in sorted(calls, key=lambda one: -len(one.reasons)):
        spoken = str(played.record.get("language", ""))
        if played.reasons and spoken not in told:
            told.add(spoken)
            for reason in played.reasons:
                yield f"why {played.plan.name}: {reason}"
