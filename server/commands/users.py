"""`users`: the passwords of softphones, kept as digest HA1 and never in the clear."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from config.explain import nearest
from config.schema import AgentEntry, Configuration
from domain.errors import StoreError
from server.commands.console import (
    EXIT_WRONG_INPUT,
    ConfigurationOption,
    console,
    fail,
    load_or_exit,
)
from server.commands.softphones import (
    credential_path,
    generated_password,
    softphone,
    softphone_states,
    weakness,
)
from store.credentials import put_softphone, read_softphones, remove_softphone

AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")]


def register(app: typer.Typer) -> None:
    """Add the group `users` to the application."""
    users = typer.Typer(
        help="Set, list and remove the passwords of softphones.", no_args_is_help=True
    )
    users.command("set")(set_password)
    users.command("generate")(generate)
    users.command("list")(list_softphones)
    users.command("remove")(remove)
    app.add_typer(users, name="users")


def set_password(
    agent: AgentArgument,
    config: ConfigurationOption,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from standard input."),
    ] = False,
) -> None:
    """Set the password of an agent's softphone; it works within a second, without a restart."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    entry = _agent(configuration, agent)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    reason = weakness(password, entry)
    if reason is not None:
        fail(f"password refused: {reason}", EXIT_WRONG_INPUT)
    _store(configuration, entry, password)


def generate(agent: AgentArgument, config: ConfigurationOption) -> None:
    """Set a random password and print it, this one time, on standard output."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    entry = _agent(configuration, agent)
    password = generated_password()
    _store(configuration, entry, password)
    typer.echo(password)


def list_softphones(config: ConfigurationOption) -> None:
    """List the agents and whether their softphones can register."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    try:
        states = softphone_states(configuration)
        stored = read_softphones(credential_path(configuration))
    except StoreError as error:
        fail(str(error))
    extensions = {agent.id: agent.extension for agent in configuration.agents}
    table = Table("agent", "extension", "password", "set at (UTC)")
    for agent_id, state in states.items():
        softphone_of = stored.get(agent_id)
        set_at = softphone_of.set_at.astimezone(UTC) if softphone_of else None
        table.add_row(
            agent_id,
            extensions.get(agent_id, ""),
            state,
            f"{set_at:%Y-%m-%d %H:%M}" if set_at else "",
        )
    console().print(table)


def remove(agent: AgentArgument, config: ConfigurationOption) -> None:
    """Remove the password of an agent: his softphone can no longer register."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    try:
        removed = remove_softphone(credential_path(configuration), agent)
    except StoreError as error:
        fail(str(error))
    if not removed:
        fail(f"agent {agent!r} has no password in {credential_path(configuration)}")
    typer.echo(f"password of {agent} removed", err=True)


def _agent(configuration: Configuration, agent_id: str) -> AgentEntry:
    entry = next((entry for entry in configuration.agents if entry.id == agent_id), None)
    if entry is None:
        known = [entry.id for entry in configuration.agents]
        meant = nearest(agent_id, known)
        hint = f"did you mean {meant}?" if meant else f"agents: {', '.join(known) or 'none'}"
        fail(f"no agent {agent_id!r} in the configuration; {hint}", EXIT_WRONG_INPUT)
    if entry.contact is not None:
        fail(f"agent {agent_id!r} has a fixed contact and does not register")
    return entry


def _store(configuration: Configuration, agent: AgentEntry, password: str) -> None:
    path = credential_path(configuration)
    entry = softphone(configuration, agent, password, datetime.now(UTC))
    try:
        put_softphone(path, agent.id, entry)
    except StoreError as error:
        fail(str(error))
    typer.echo(
        f"password of {agent.id} set; register as {agent.id} or {agent.extension}"
        f" at {configuration.sip.domain}",
        err=True,
    )
