"""`check`: is this configuration file right, and if not, what is wrong with it?"""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from config.explain import json_schema
from config.schema import Configuration
from domain.errors import ModelError, StoreError
from server.commands.console import (
    EXIT_WRONG_INPUT,
    console,
    fail,
    load_or_exit,
    print_warnings,
)
from server.commands.softphones import SoftphoneState, credential_path, softphone_states
from server.emotion import is_read, model_of, sentence_of

_STATES_WITHOUT_SERVICE: Final = (
    SoftphoneState.MISSING,
    SoftphoneState.OTHER_DOMAIN,
    SoftphoneState.OTHER_EXTENSION,
)


def register(app: typer.Typer) -> None:
    """Add `check` to the application."""
    app.command()(check)


def check(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", envvar="WARMLINE_CONFIG", metavar="FILE", help="The YAML file."
        ),
    ] = None,
    schema: Annotated[
        bool,
        typer.Option("--schema", help="Print the JSON Schema of the file, for editors, and exit."),
    ] = False,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets/--no-secrets", help="Whether to look up passwords and tokens as well."
        ),
    ] = True,
) -> None:
    """Check a configuration file.

    Names every mistake with file, line, path, what was found and what is allowed.
    Exit code 0: the file can be served. 2: it cannot.
    """
    if schema:
        sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
        return
    if config is None:
        fail("name the file with --config FILE, or ask for --schema", EXIT_WRONG_INPUT)
    loaded = load_or_exit(config, look_up_secrets=secrets)
    out = console()
    errors = console(sys.stderr)
    print_warnings(loaded.warnings, errors)
    for line in _softphone_warnings(loaded.configuration):
        errors.print(Text.assemble(("warning: ", "bold yellow"), line))
    emotion = loaded.configuration.emotion
    try:
        told = sentence_of(model_of(emotion)) if is_read(emotion) else ""
    except ModelError as error:
        fail(f"emotion.weights: {error}", EXIT_WRONG_INPUT)
    out.print(
        Text.assemble(
            (f"{config}: ", "dim"), ("ok", "bold green"), f", {_summary(loaded.configuration)}"
        )
    )
    if told:
        out.print(told)


def _summary(configuration: Configuration) -> str:
    """Say in a clause what the file sets up."""
    return ", ".join(
        f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"
        for things, noun in (
            (configuration.trunks, "trunk"),
            (configuration.agents, "agent"),
            (configuration.queues, "queue"),
        )
    )


def _softphone_warnings(configuration: Configuration) -> list[str]:
    """Return a line for each agent whose telephone cannot register."""
    path = credential_path(configuration)
    try:
        states = softphone_states(configuration)
    except StoreError as error:
        return [str(error)]
    return [
        f"agent {agent_id}: {state.explained}; run: users set {agent_id} ({path})"
        for agent_id, state in states.items()
        if state in _STATES_WITHOUT_SERVICE
    ]
