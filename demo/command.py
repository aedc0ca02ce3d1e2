"""`demo`: six real calls against a server of its own."""

import asyncio
import json
import os
import secrets
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.live import Live

from demo.board import Board
from demo.director import Director, Played, missed
from demo.node import NodeFailed, NodeProcess
from demo.script import AGENTS

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
) -> None:
    """Place six calls with real SIP, RTP and speech, and show what happens.

    A server of its own on free loopback ports, two agents' telephones and six callers. Exit
    code 0: everything went as it should.
    """
    try:
        ok = asyncio.run(_demo(as_json=as_json, keep=keep))
    except NodeFailed as error:
        typer.echo(f"error: {error}", err=True)
        ok = False
    raise typer.Exit(0 if ok else 1)


async def _demo(*, as_json: bool, keep: bool) -> bool:
    began_s = time.monotonic()
    token = secrets.token_urlsafe(24)
    passwords = {agent: secrets.token_urlsafe(12) for agent in AGENTS}
    board = Board()
    console = Console(stderr=as_json)
    if not console.is_terminal:
        console.width = PIPE_COLUMNS
    with tempfile.TemporaryDirectory(prefix="warmline-demo-") as folder:
        console.print("Starting a server and eight telephones ...")
        node = NodeProcess(
            Path(folder),
            CONFIGURATION.read_text(),
            environ={"WARMLINE_TOKEN": token},
            passwords=passwords,
        )
        async with node:
            director = Director(node, token, passwords, board)
            live: Any = (
                Live(board, console=console, refresh_per_second=4)
                if console.is_terminal
                else nullcontext()
            )
            with live:
                calls = await director.perform()
            elapsed_s = time.monotonic() - began_s
            wrong = _wrong(calls, director)
            if not console.is_terminal:
                console.print(board)
            for line in wrong:
                console.print(f"[red]wrong:[/red] {line}")
            if not wrong:
                console.print(
                    f"[green]ok[/green]: {len(calls)} calls in {elapsed_s:.0f} s, "
                    f"{director.started} cells started, none crashed, no RTP lost"
                )
            else:
                console.print(f"the node's last words are:\n{_tail(node.log)}", markup=False)
            if as_json:
                _print_json(calls, director, ok=not wrong, elapsed_s=elapsed_s)
            if keep:
                await _keep(node, token, passwords, console)
    return not wrong


def _wrong(calls: list[Played] | Any, director: Director) -> list[str]:
    wrong = [f"{played.plan.name}: {fault}" for played in calls for fault in played.wrong]
    if director.crashed:
        wrong.append(f"{director.crashed} cells crashed")
    if not missed(calls):
        wrong.append("no call met an agent who does not answer")
    return wrong


def _print_json(calls: Any, director: Director, *, ok: bool, elapsed_s: float) -> None:
    result = {
        "ok": ok,
        "calls": [played.as_json() for played in calls],
        "cells": {"started": director.started, "crashed": director.crashed},
        "elapsed_s": round(elapsed_s, 1),
    }
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
