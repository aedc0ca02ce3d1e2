"""`customers`: enter them from a table, show what is known of one, forget one.

The commands write into the database of the configuration, beside a node that runs or without.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from channels.http.models import mask
from config.schema import Configuration
from domain.customer import CustomerChange
from domain.customer_ports import CustomerView, PutCounts
from domain.customer_table import Row, TableMistake, lines_of, read_csv, read_json_lines
from domain.errors import WarmlineError
from server.commands import customer_identity
from server.commands.console import (
    EXIT_WRONG_INPUT,
    ConfigurationOption,
    complain,
    console,
    fail,
    load_or_exit,
)
from server.commands.customer_identity import find_customer, opened_directory

BATCH_ROWS: Final = 200
"""Rows of one commit; a node that writes to the same file waits for one of them at most."""
MISTAKES_SHOWN: Final = 100
PROGRESS_ROWS: Final = 10_000
CHUNK_BYTES: Final = 1_048_576
JSON_ENDINGS: Final = frozenset((".jsonl", ".ndjson", ".json"))


def register(app: typer.Typer) -> None:
    """Add the group `customers` to the application."""
    customers = typer.Typer(help="Enter, show, merge and forget customers.", no_args_is_help=True)
    customers.command("import")(import_table)
    customers.command("show")(show)
    customers.command("forget")(forget)
    customer_identity.register(customers)
    app.add_typer(customers, name="customers")


def import_table(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV, or JSON lines with the ending .jsonl; docs/customers.md."
        ),
    ],
    config: ConfigurationOption,
    check: Annotated[
        bool, typer.Option("--check", help="Only look for mistakes, write nothing.")
    ] = False,
) -> None:
    """Enter or change customers from a table.

    Nothing is written while the table has a mistake; each is named with file, line, column, what
    was found and what is allowed. Importing the same table again changes nothing.
    """
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    rows = _checked(file)
    if check:
        typer.echo(f"{file}: {rows} customers, no mistakes, nothing written")
        return
    try:
        counts = asyncio.run(_import(configuration, file, rows))
    except WarmlineError as error:
        fail(str(error))
    typer.echo(f"{file}: {rows} rows, {counts.created} customers entered, {counts.changed} changed")


def show(
    customer: Annotated[
        str, typer.Argument(metavar="ID|NUMBER", help="Your customer number, or our id.")
    ],
    config: ConfigurationOption,
    full: Annotated[bool, typer.Option("--full", help="Show his addresses unmasked.")] = False,
) -> None:
    """Show what is known of a customer."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    try:
        view = asyncio.run(_find(configuration, customer))
    except WarmlineError as error:
        fail(str(error))
    if view is None:
        fail(f"no customer {customer!r}")
    console().print(_table(view, full=full))


def forget(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Your customer number.")],
    config: ConfigurationOption,
) -> None:
    """Forget a customer: his record, addresses, summary, answers and outcomes."""
    configuration = load_or_exit(config, look_up_secrets=False).configuration
    try:
        forgotten = asyncio.run(_forget(configuration, number))
    except WarmlineError as error:
        fail(str(error))
    if not forgotten:
        fail(f"no customer {number!r}")
    typer.echo(f"customer {number} forgotten", err=True)


def _checked(file: Path) -> int:
    """Return the number of rows of a table without mistakes; otherwise name them and exit."""
    rows = mistakes = 0
    try:
        for at, what in _rows(file):
            rows += 1
            if isinstance(what, TableMistake):
                mistakes += 1
                if mistakes <= MISTAKES_SHOWN:
                    column = f"{what.column}: " if what.column else ""
                    complain(f"{file}:{at}: {column}found {what.value!r}; allowed: {what.allowed}")
    except OSError as error:
        fail(f"{file}: {error.strerror or error}", EXIT_WRONG_INPUT)
    if mistakes:
        more = f", the first {MISTAKES_SHOWN} are named" if mistakes > MISTAKES_SHOWN else ""
        fail(
            f"{file}: {mistakes} mistake{'' if mistakes == 1 else 's'}{more}; nothing written",
            EXIT_WRONG_INPUT,
        )
    return rows


def _rows(file: Path) -> Iterator[Row]:
    with file.open("rb") as stream:
        lines = lines_of(iter(lambda: stream.read(CHUNK_BYTES), b""))
        yield from read_json_lines(lines) if file.suffix in JSON_ENDINGS else read_csv(lines)


async def _import(configuration: Configuration, file: Path, total: int) -> PutCounts:
    counts, done = PutCounts(), 0
    rows = _rows(file)
    async with opened_directory(configuration) as directory:
        while batch := list(islice(rows, BATCH_ROWS)):
            changes = [what for _, what in batch if isinstance(what, CustomerChange)]
            counts += await directory.put(changes)
            done += len(batch)
            if done % PROGRESS_ROWS < BATCH_ROWS and total > PROGRESS_ROWS:
                typer.echo(f"{done} of {total} rows", err=True)
    return counts


async def _find(configuration: Configuration, customer: str) -> CustomerView | None:
    async with opened_directory(configuration) as directory:
        return await find_customer(directory, customer)


async def _forget(configuration: Configuration, number: str) -> bool:
    async with opened_directory(configuration) as directory:
        return await directory.forget(number)


def _table(view: CustomerView, *, full: bool) -> Table:
    customer, profile, summary = view.customer, view.profile, view.summary
    table = Table(show_header=False)
    rows = {
        "id": customer.customer_id,
        "number": customer.number,
        "name": customer.name,
        "address": customer.address,
        "parts": "\n".join(view.members),
        "part of": view.merged_into or "",
        "identifiers": "\n".join(
            f"{one.kind} {one.value if full else mask(one.value)}" for one in customer.identifiers
        ),
        "value": str(customer.value),
        "language": customer.language or "",
        "region": customer.region or "",
        "product": " ".join(filter(None, (customer.product, customer.version))),
        "purchases": "\n".join(
            f"{one.bought_on} {one.product}" + ("" if one.amount is None else f" {one.amount:g}")
            for one in customer.purchases
        ),
        "preferences": "\n".join(f"{name}={text}" for name, text in customer.preferences.items()),
        "open tickets": str(customer.open_tickets + view.own_tickets),
        "profiling": "yes" if customer.profiling else "no: nothing is learnt of him",
        "contacts": str(0 if summary is None else summary.contacts),
        "expected topic": f"{profile.topic or ''}{', again' if profile.repeat else ''}",
        "frustration": f"{profile.frustration:.2f}",
        "preferred agent": profile.preferred_agent_id or "",
        "known agents": ", ".join(f"{one.agent_id} {one.strength:.2f}" for one in profile.familiar),
        "last contacts": "\n".join(
            f"{one.at:%Y-%m-%d %H:%M} {one.channel} {one.topic} {one.disposition}"
            f" {one.agent_id or '-'} {_settled(one.resolved)}"
            for one in view.recent
        ),
    }
    for name, text in rows.items():
        table.add_row(name, text)
    return table


def _settled(resolved: bool | None) -> str:
    return {None: "", True: "settled", False: "not settled"}[resolved]
