"""Makes docs/pictures/demo.svg from a run of the demo: `python -m docs.make_pictures`.

Nothing in the picture is drawn by hand: it is the board of `run_pbx.py demo` as it stood at
one moment of a run that went as it should, so it takes as long as the demo takes.
"""

import asyncio
import copy
import re
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from demo.board import Board
from demo.command import CONFIGURATION
from demo.director import Director
from demo.journey import Journey
from demo.node import NodeProcess
from demo.script import AGENTS
from demo.site import KEY_NAME

PICTURE: Final = Path(__file__).parent / "pictures" / "demo.svg"
COLUMNS: Final = 126
TITLE: Final = "make demo"

_THEME: Final = TerminalTheme(
    (17, 21, 28),
    (205, 211, 222),
    [
        (17, 21, 28),
        (236, 95, 103),
        (153, 199, 148),
        (250, 200, 99),
        (102, 153, 204),
        (197, 148, 197),
        (95, 179, 179),
        (205, 211, 222),
    ],
)
_OUTSIDE_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Film(Board):
    """A board that keeps a copy of itself after each event."""

    def __init__(self) -> None:
        """Begin with no frame."""
        super().__init__()
        self.frames: list[Board] = []

    def take(self, event: dict[str, Any]) -> None:
        """Follow one event, and keep how the board looks after it."""
        super().take(event)
        self.frames.append(
            Board(
                rows=copy.deepcopy(self.rows),
                agents=dict(self.agents),
                news=list(self.news),
                alerts=list(self.alerts),
            )
        )


def liveliest(frames: list[Board]) -> Board:
    """Return the last of the frames with an angry caller on the line and most states of calls."""

    def worth(pair: tuple[int, Board]) -> tuple[int, int, int]:
        place, board = pair
        rows = board.rows.values()
        angry = sum(row.mood == "angry" and row.state == "talking" for row in rows)
        return min(angry, len(board.alerts)), len({row.state for row in rows}), place

    return max(enumerate(frames), key=worth)[1]


async def perform() -> Film:
    """Run the demo once.

    Raises:
        SystemExit: Something was not as it should be: such a run is no picture.
    """
    film = Film()
    token = secrets.token_urlsafe(24)
    site_key = secrets.token_urlsafe(32)
    passwords = {agent: secrets.token_urlsafe(12) for agent in AGENTS}
    with tempfile.TemporaryDirectory(prefix="warmline-picture-") as folder:
        node = NodeProcess(
            Path(folder),
            CONFIGURATION.read_text(),
            environ={"WARMLINE_TOKEN": token, KEY_NAME: site_key},
            passwords=passwords,
        )
        async with node:
            journey = Journey(node, token, site_key, film)
            director = Director(node, token, passwords, film, journey=journey)
            calls = await director.perform()
    wrong = [fault for played in calls for fault in played.wrong] + journey.wrong
    if wrong or director.crashed:
        raise SystemExit(f"the demo went wrong, no picture is made: {wrong}")
    return film


def draw(board: Board) -> str:
    """Return a board as SVG that loads nothing from elsewhere."""
    with Path("/dev/null").open("w") as nowhere:
        console = Console(
            record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        prompt = Text("$ ", "dim").append("make demo", "not dim bold")
        console.print(Group(prompt, Text(), board))
    picture = console.export_svg(title=TITLE, theme=_THEME, unique_id="warmline")
    picture = _OUTSIDE_FONT.sub("", picture)
    picture = picture.replace(
        "font-family: Fira Code, monospace",
        'font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace',
    )
    # Editors and git like neither spaces at the end of a line nor an unended last line.
    return "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"


def main() -> None:
    """Write the picture."""
    film = asyncio.run(perform())
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(liveliest(film.frames)), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")


if __name__ == "__main__":
    main()
