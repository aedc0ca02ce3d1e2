"""What a call flow wants done: to its cell, to the records, to the readers of events.

A flow is pure and returns these; `pbx/call_control.py` carries them out in order.
"""

from dataclasses import dataclass
from pathlib import Path

from domain.callback import CallbackOutcome
from domain.contact import Interaction
from domain.events import Event
from domain.offer import Offer
from domain.speech import Speaker


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """The new contact is being committed; what follows waits for that."""


@dataclass(frozen=True, slots=True)
class ForgetRecord:
    """Take back the new contact, of which nobody has heard."""


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """Write how the contact stands now."""


@dataclass(frozen=True, slots=True)
class CloseRecord:
    """Write how the contact ended."""

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
class Answer:
    """Answer an incoming leg."""

    leg: int
    status: int = 200


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg: BYE, CANCEL or a final answer, whichever its state asks for."""

    leg: int
    status: int = 0


@dataclass(frozen=True, slots=True)
class CallAgent:
    """Dial the agent of this offer."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class KeepCallback:
    """Commit that the customer will be called back; the flow is told whether it was."""


@dataclass(frozen=True, slots=True)
class DropCallback:
    """The customer is not to be called back any more: he is reached, served, or gone for good."""


@dataclass(frozen=True, slots=True)
class TakeUpCallback:
    """The caller waits in this contact now: end the one in which he was to be called back."""


@dataclass(frozen=True, slots=True)
class CallCustomer:
    """Call the customer by the trunk that he came by."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """No leg of the contact is left, and it goes on waiting for its callback.

    Attributes:
        in_line: The router still lets it wait; False: it has to join again, at its old place.
        outcome: What came of calling the customer; None: he was not called.
    """

    in_line: bool
    outcome: CallbackOutcome | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """Play files one after the other to a leg, in the place of what plays there now."""

    leg: int
    files: tuple[Path, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Stop what plays to a leg."""

    leg: int


@dataclass(frozen=True, slots=True)
class Bridge:
    """Let two legs hear each other."""

    one: int
    other: int


@dataclass(frozen=True, slots=True)
class Tap:
    """Send what a leg says to the analysis worker."""

    leg: int
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class Release:
    """Give the cell back: no leg is left in it."""


Action = (
    OpenRecord
    | ForgetRecord
    | UpdateRecord
    | CloseRecord
    | RecordInteraction
    | Publish
    | Answer
    | HangUp
    | CallAgent
    | KeepCallback
    | DropCallback
    | TakeUpCallback
    | CallCustomer
    | HandOver
    | Play
    | StopPlay
    | Bridge
    | Tap
    | Release
)
