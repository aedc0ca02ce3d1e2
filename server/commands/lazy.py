"""Commands whose modules are loaded when they are asked for.

The whole server takes seconds to load; who sets a password shall not wait for it.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command or group is.

    Attributes:
        module: Offers `register(app)`.
        told: What it does, as the list of commands says it.
    """

    module: str
    told: str


def group_of(places: Mapping[str, Place]) -> type[TyperGroup]:
    """Return a class of groups that have these commands, by name, in their order."""
    return type("Commands", (_Commands,), {"places": places})


class _Commands(TyperGroup):
    places: ClassVar[Mapping[str, Place]] = {}

    # Typer keeps the types of its contexts and commands to itself.

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in their order."""
        return list(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what stands for a command in the list of them."""
        place = self.places.get(cmd_name)
        return None if place is None else TyperCommand(cmd_name, help=place.told)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command itself; only now it is loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is None or command is None:
            return name, command, rest
        return name, load(name, self.places[name]), rest


def load(name: str, place: Place) -> Any:
    """Import a command's module and return the command."""
    app = typer.Typer(pretty_exceptions_show_locals=False, rich_markup_mode="rich")
    importlib.import_module(place.module).register(app)
    # One command alone would be taken for the application.
    app.callback()(_nothing)
    return typer.main.get_group(app).commands[name]


def _nothing() -> None: ...
