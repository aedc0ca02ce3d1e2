"""What a thread wants done: to the records, to readers of events, to followers, at a time.

A thread is pure and returns these; `conversations/shell.py` carries them out in order, after what
led to them is committed.
"""

from dataclasses import dataclass

from config.conversations import LineName
from domain.contact import Contact, Interaction
from domain.conversation_ports import Update
from domain.events import ContactQueued, Event
from domain.offer import DeclineReason


@dataclass(frozen=True, slots=True)
class OpenContact:
    """Write a new contact, or one of the run before that goes on.

    Attributes:
        is_new: Readers of events look it up, so it is committed before they are told.
    """

    contact: Contact
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class UpdateContact:
    """Write how the contact stands now."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class CloseContact:
    """Write how the contact ended."""

    contact: Contact
    reason: str


@dataclass(frozen=True, slots=True)
class RecordInteraction:
    """Write one agent's part."""

    interaction: Interaction


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell the readers of events."""

    event: Event


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the customer a line of ours, as a message of the conversation."""

    line: LineName
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShowStanding:
    """Tell followers how the conversation stands."""


@dataclass(frozen=True, slots=True)
class TellAgent:
    """Tell one agent's followers, and nobody else."""

    agent_id: str
    update: Update


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Let the contact wait in the router's line; `Thread.refused` is told when it may not.

    Attributes:
        is_kept: Nobody waits for it in person: the queue's longest wait does not end it.
    """

    queued: ContactQueued
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Leave:
    """Take the contact out of the line.

    Done before anything else, so that nobody is asked to serve what is over.

    Attributes:
        is_kept: It goes on elsewhere, and nobody has given up.
    """

    contact_id: str
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The agent is through with the contact; his wrap-up begins."""

    contact_id: str


@dataclass(frozen=True, slots=True)
class Decline:
    """The offer comes to nothing on the agent's side."""

    offer_id: str
    reason: DeclineReason


Action = (
    OpenContact
    | UpdateContact
    | CloseContact
    | RecordInteraction
    | Publish
    | Say
    | ShowStanding
    | TellAgent
    | Enqueue
    | Leave
    | Finish
    | Decline
)
