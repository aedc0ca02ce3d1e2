"""`sim`: a day of a contact centre in virtual time, under several ways of routing."""

import json
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from config.mistake import ConfigurationMistakes
from domain.errors import SimulationError
from server.commands.console import EXIT_WRONG_INPUT, console, fail, print_mistakes

SEEDS_MAX: Final = 1_000
DAYS_MAX: Final = 366
TABLE_CHARACTERS: Final = 132


def register(app: typer.Typer) -> None:
    """Add `sim` to the application."""
    app.command()(sim)


def sim(
    workload: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="A workload in YAML, or a CSV table of arrivals: arrival_s, channel, queue, "
            "language, value, topic, customer, patience_s.",
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(metavar="NAME[,NAME]", help="Ways of routing; without: the five usual ones."),
    ] = "",
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="First seed.")] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, max=SEEDS_MAX, metavar="K", help="How many seeds.")
    ] = 1,
    days: Annotated[int, typer.Option(min=1, max=DAYS_MAX, metavar="N", help="Days of each.")] = 1,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Agents and queues for a CSV table: a workload, or a node's configuration.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures as one line of JSON as well.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw a picture, a PNG.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the tables as a page of Markdown.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, metavar="N", help="Processes; without: one a processor."),
    ] = None,
) -> None:
    """Play days of a contact centre in virtual time and compare ways of routing.

    The router's own core decides as it does in a running node. The same seed gives the same day
    to every policy. What is assumed of people stands in docs/simulator.md.
    """
    # The solver and numpy take half a second to load: nobody else waits for them.
    from router.simulation.compare import Played, report  # noqa: PLC0415
    from router.simulation.policies import ALL, BASELINE, NAMES  # noqa: PLC0415
    from server.simulate.page import page  # noqa: PLC0415
    from server.simulate.plot import draw  # noqa: PLC0415
    from server.simulate.runs import run  # noqa: PLC0415
    from server.simulate.show import table  # noqa: PLC0415
    from server.simulate.sources import read_source  # noqa: PLC0415

    names = [name.strip() for name in policy.split(",")] if policy else list(NAMES)
    for name in names:
        if name not in ALL or names.count(name) > 1:
            fail(
                f"--policy: found {name!r}; allowed: each once: {', '.join(ALL)}", EXIT_WRONG_INPUT
            )
    out = console(sys.stderr)
    began = time.monotonic()

    def done(one: Played) -> None:
        spent_s = time.monotonic() - began
        out.print(f"{spent_s:6.1f} s: seed {one.seed}, {one.policy}")

    try:
        source = read_source(workload, config)
        played = run(
            source, names, range(seed, seed + seeds), days=days, done=done, workers=workers
        )
        made = report(source.workload, played, baseline=BASELINE)
        if plot is not None:
            draw(plot, made)
        if markdown is not None:
            command = f"run_pbx.py {shlex.join(sys.argv[1:])}"
            text = page(made, command, f"{datetime.now(tz=UTC):%Y-%m-%d}")
            markdown.write_text(text, encoding="utf-8")
    except ConfigurationMistakes as mistakes:
        print_mistakes(mistakes.mistakes, console(sys.stderr))
        raise typer.Exit(EXIT_WRONG_INPUT) from mistakes
    except SimulationError as error:
        fail(str(error), EXIT_WRONG_INPUT)
    except OSError as error:
        fail(f"{error.filename}: cannot be written: {error.strerror}")
    shown = console()
    # In a pipe or a narrow window lines are long rather than cut.
    shown.width = max(shown.width, TABLE_CHARACTERS)
    shown.print(table(made))
    if as_json:
        sys.stdout.write(json.dumps(made, separators=(",", ":")) + "\n")
