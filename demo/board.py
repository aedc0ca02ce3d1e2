"""What happens, as a table that follows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

STYLES: Final = {
    "dialling": "dim",
    "greeting": "cyan",
    "waiting": "yellow",
    "ringing": "magenta",
    "talking": "bold green",
    "done": "green",
    "abandoned": "red",
}
MOOD_STYLES: Final = {"calm": "green", "uneasy": "yellow", "upset": "red", "angry": "bold red"}
NEWS_MAX: Final = 8
ALERTS_MAX: Final = 8
"""Beside eight calls, of which two lead to alerts, two each: more is a flood."""


@dataclass(slots=True)
class Row:
    """One call on the board."""

    name: str
    number: str
    queue: str = ""
    state: str = "dialling"
    agent: str = ""
    wait_s: float | None = None
    talk_s: float | None = None
    speech_s: float = 0.0
    turns: int = 0
    mood: str = ""
    outcome: str = ""


@dataclass(slots=True)
class Board:
    """Every call and agent, the latest alerts and the latest news."""

    rows: dict[str, Row] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    _contacts: dict[str, str] = field(default_factory=dict)

    def name(self, contact_id: str, name: str) -> None:
        """Say whose contact that is."""
        self._contacts[contact_id] = name

    def tell(self, text: str) -> None:
        """Add a line of news."""
        self.news = [*self.news, text][-NEWS_MAX:]

    def warn(self, text: str) -> None:
        """Add an alert, which stays when news go."""
        self.alerts = [*self.alerts, text][-ALERTS_MAX:]

    def take(self, event: dict[str, Any]) -> None:
        """Follow one event of the stream."""
        fields = event["event"]
        if event["type"] == "AgentStateChanged":
            self.agents[fields["agent_id"]] = fields["after"]
            return
        row = self.rows.get(self._contacts.get(fields.get("contact_id", ""), ""))
        if row is None:
            return
        match event["type"]:
            case "ContactArrived":
                row.state, row.queue = "greeting", fields["queue_id"]
            case "ContactQueued":
                row.state, row.agent = "waiting", ""
            case "OfferMade":
                row.state, row.agent = "ringing", fields["agent_id"]
            case "OfferExpired":
                row.state, row.agent = "waiting", ""
                self.tell(f"{fields['agent_id']} did not answer {row.name}: back in its place")
            case "OfferDeclined":
                row.state, row.agent = "waiting", ""
            case "ContactConnected":
                row.state, row.wait_s = "talking", fields["wait_s"]
            case "PositionAnnounced":
                self.tell(f"{row.name} was told: number {fields['position']}")
            case "SpeechObserved":
                self._heard(row, fields["span"])
            case "MoodChanged":
                row.mood = fields["after"]
                self.tell(f"{row.name} sounds {row.mood}{_reasons(fields.get('evidence', []))}")
            case "ContactClosed":
                row.outcome = fields["disposition"]
                row.state = "abandoned" if "abandoned" in row.outcome else "done"
                row.wait_s, row.talk_s = fields["wait_s"], fields["talk_s"]

    def _heard(self, row: Row, span: dict[str, Any]) -> None:
        if span["kind"] == "turn":
            row.turns += 1
        elif span["kind"] == "segment" and span["speaker"] == "customer":
            row.speech_s += span["end_s"] - span["start_s"]
            if span.get("pitch_hz"):
                self.tell(
                    f"{row.name}: {span['end_s'] - span['start_s']:.1f} s of speech, "
                    f"{span['pitch_hz']:.0f} Hz, {span['level_dbov']:.0f} dBov"
                )

    def __rich__(self) -> Group:
        title = f"Warmline: {len(self.rows)} calls, {len(self.agents)} agents"
        table = Table(title=title, title_justify="left", expand=False)
        for column in ("call", "from", "queue", "state", "mood", "agent", "outcome"):
            table.add_column(column)
        for column in ("wait s", "talk s", "speech s", "turns"):
            table.add_column(column, justify="right")
        for row in self.rows.values():
            table.add_row(
                row.name,
                row.number,
                row.queue,
                Text(row.state, STYLES[row.state]),
                Text(row.mood, MOOD_STYLES.get(row.mood, "dim")),
                row.agent,
                row.outcome,
                _seconds(row.wait_s),
                _seconds(row.talk_s),
                _seconds(row.speech_s or None),
                str(row.turns or ""),
            )
        agents = Text("agents  ", "dim").append(_agents(self.agents.items()), "not dim")
        alerts = (Text(f"  {line}", "bold red") for line in self.alerts)
        return Group(table, agents, *alerts, *(Text(f"  {line}", "dim") for line in self.news))


def _reasons(evidence: Sequence[dict[str, Any]]) -> str:
    """Return the two strongest: more would not fit on the line."""
    reasons = [f"{each['name']} {each['value']:.3g} {each['unit']}" for each in evidence[:2]]
    return ": " + ", ".join(reasons) if reasons else ""


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _agents(agents: Iterable[tuple[str, str]]) -> str:
    return "   ".join(f"{agent}: {state}" for agent, state in sorted(agents))
