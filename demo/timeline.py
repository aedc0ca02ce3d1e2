"""A customer's timeline as the API tells it: shown as a table, and judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

CHANNELS: Final = ("chat", "voice", "mail")
"""In which order the customer comes."""
ATTACHMENTS: Final = 1
WORDS_MAX: Final = 46
"""Characters of a message in the table."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was between a customer and us.

    Attributes:
        entries: The oldest first, each as of docs/api.md.
    """

    entries: Sequence[Mapping[str, Any]] = ()

    @property
    def channels(self) -> list[str]:
        """Each channel once, in the order in which he came by it."""
        return list(dict.fromkeys(one["channel"] for one in self.entries if one["channel"]))

    @property
    def attachments(self) -> list[Mapping[str, Any]]:
        """The files of all messages."""
        return [
            file for one in self.entries if one["message"] for file in one["message"]["attachments"]
        ]

    def as_json(self) -> dict[str, Any]:
        """Return the object that `demo --json` prints of it."""
        return {"channels": self.channels, "attachments": len(self.attachments)}

    def faults(self) -> Iterator[str]:
        """Yield what is missing, in words."""
        if self.channels != list(CHANNELS):
            yield f"channels {_listed(self.channels)}, not {_listed(CHANNELS)}"
        if len(self.attachments) != ATTACHMENTS:
            yield f"{len(self.attachments)} attachments, not {ATTACHMENTS}"
        for channel in CHANNELS:
            contacts = [
                one["contact"]
                for one in self.entries
                if one["kind"] == "contact" and one["channel"] == channel
            ]
            if len(contacts) != 1:
                yield f"{len(contacts)} contacts by {channel}, not 1"
            elif contacts[0]["agent_id"] is None or contacts[0]["closed_at"] is None:
                yield f"the contact by {channel} was not served to its end"

    def __rich__(self) -> Table:
        table = Table(title="One customer's timeline", title_justify="left", expand=False)
        for column in ("time", "channel", "what", "proof", "who", "words", "file"):
            table.add_column(column)
        for one in self.entries:
            table.add_row(
                one["at"][11:19], one["channel"] or "", one["kind"], one["proof"], *_told(one)
            )
        return table


def _told(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return who, words and file."""
    if (message := entry["message"]) is not None:
        files = ", ".join(
            f"{file['name']}, {file['bytes']} bytes" for file in message["attachments"]
        )
        return message["agent_id"] or message["author"], _short(message["text"]), files
    if (contact := entry["contact"]) is not None:
        ended = contact["disposition"] or "open"
        talked = f", {contact['talk_s']:.1f} s" if entry["channel"] == "voice" else ""
        return contact["agent_id"] or "", f"{ended}{talked}", ""
    if (ticket := entry["ticket"]) is not None:
        return "", f"ticket {ticket['number']}: {_short(ticket['subject'])}", ""
    return "", entry["note"], ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WORDS_MAX else line[: WORDS_MAX - 1] + "…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
