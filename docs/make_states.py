"""Writes docs/states.md from the tables of the state machines: `python -m docs.make_states`.

A test holds that the page is up to date.
"""

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from domain import agent, alert, contact, conversation, offer, ticket
from pbx import cell_process

PAGE: Final = Path(__file__).parent / "states.md"

INTRODUCTION: Final = """\
# State machines

Each is a table named `TRANSITIONS`; a step that is not in it is refused with
`IllegalTransition` ([domain/machine.py](../domain/machine.py)). These diagrams are drawn from
the tables by `python -m docs.make_states`."""


class Machine(NamedTuple):
    """One state machine.

    Attributes:
        source: Where its table stands.
        first: The state that it begins in.
        table: From state and trigger to the next state.
    """

    title: str
    source: str
    first: StrEnum
    table: Mapping[Any, StrEnum]
    about: str


MACHINES: Final = (
    Machine(
        "Contact",
        "domain/contact.py",
        contact.ContactState.ARRIVED,
        contact.TRANSITIONS,
        """\
A customer's one request for service. `arrived` lasts for the greeting and the disclosure. From
`queued` to `offered` and back it may go many times, once for each agent who does not answer; its
place in the queue stays. `connected` leads back to `queued` when the agent's telephone is lost in
mid-call. How a contact ended stands in its disposition.""",
    ),
    Machine(
        "Agent",
        "domain/agent.py",
        agent.AgentState.LOGGED_OUT,
        agent.TRANSITIONS,
        """\
An agent is `busy` from the moment his telephone is asked to ring, so that nobody else is offered
to him. What he asks for while he is busy is kept as a wish and taken when the contact has ended.
An offer that he misses makes him `not_ready`: an empty chair must not keep customers waiting
again and again.""",
    ),
    Machine(
        "Offer",
        "domain/offer.py",
        offer.OfferState.PENDING,
        offer.TRANSITIONS,
        """\
A pairing of contact and agent, with a deadline. The first of these steps wins: an answer that
comes after the deadline finds the offer expired and connects nobody.""",
    ),
    Machine(
        "Alert",
        "domain/alert.py",
        alert.AlertState.RISEN,
        alert.TRANSITIONS,
        """\
A rule about a customer's mood is fulfilled. It is cleared when what the rule looks for has been
gone for a while, when the contact ends, or, if the rule says so, by the acknowledgement. Until
then the same rule does not rise again for the same contact.""",
    ),
    Machine(
        "Conversation",
        "domain/conversation.py",
        conversation.ConversationState.IDLE,
        conversation.TRANSITIONS,
        """\
A thread of messages with one customer. It never ends: it is `idle` while no contact is open, and
the customer's next wish opens another one. It is `waiting` while that contact is queued or offered.
What was `parked` waits again when its time has come or the customer writes, and next for the agent
who parked it.""",
    ),
    Machine(
        "Ticket",
        "domain/ticket.py",
        ticket.TicketState.NEW,
        ticket.TRANSITIONS,
        """\
A customer's matter that outlives the contact. Its due time runs while it is `new` or `open` and
rests while it is `pending`. A ticket that is merged into another is closed whatever its state was,
and one that was solved opens when one that was not is merged into it.""",
    ),
    Machine(
        "Cell",
        "pbx/cell_process.py",
        cell_process.CellState.STARTING,
        cell_process.TRANSITIONS,
        """\
A process that holds one voice contact, as the node sees it. `end` is heard when the process has
ended; from any state but `leaving` that is a crash.""",
    ),
)


def diagram(machine: Machine) -> str:
    """Return one machine as a mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {machine.first}"]
    lines += [f"    {before} --> {after}: {by}" for (before, by), after in machine.table.items()]
    starts = {before for before, _ in machine.table}
    ends = dict.fromkeys(after for after in machine.table.values() if after not in starts)
    lines += [f"    {end} --> [*]" for end in ends]
    return "\n".join(lines)


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for machine in MACHINES:
        parts += [
            f"## {machine.title}",
            machine.about,
            f"The table: [{machine.source}](../{machine.source}).",
            f"```mermaid\n{diagram(machine)}\n```",
        ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
