"""Every error that Warmline raises on purpose.

    WarmlineError
    ├── ConfigurationError      a YAML file cannot be used
    ├── IllegalTransition       a state machine was asked for a step it does not have
    ├── LimitExceeded           a named limit was reached
    ├── NotKnown                no such contact, agent, queue, offer or leg
    ├── CellError               a command to a cell failed
    │   ├── CellGone            the cell's process has ended
    │   └── NoCellFree          the pool is at its limit or draining
    ├── SipError                a SIP message or its SDP cannot be accepted
    ├── StoreError              a record could not be written or read
    │   ├── Duplicate           one like it is stored already
    │   └── Outdated            what it was to change is gone, or changed meanwhile
    ├── EmotionForbidden        somebody's emotion was to be read who is not the customer
    ├── ModelError              weights or a card cannot be used, or features do not fit
    ├── RecordingError          an audio file cannot be read
    ├── ManifestError           a table of audio files cannot be read
    ├── CallRefused             a customer may not be called
    ├── NotServing              an agent acts on a contact that he does not have
    ├── AttachmentRefused       a file is not taken, or not handed out
    ├── StillDangerous          a mail in quarantine cannot be released
    ├── ReaderGone              the process that reads mail cannot be started
    ├── CustomerMistake         what was told of a customer cannot be used
    ├── OutreachMistake         a template cannot be sent as it was asked for
    ├── FollowError             a running node does not tell of a call
    ├── SimulationError         a workload or a day of arrivals cannot be simulated
    ├── EventsGone              the events after that number are no longer kept
    └── EventCodecError         an event has no JSON form, or JSON is no event

Each message names the culprit, the value and the limit.
"""


class WarmlineError(Exception):
    """Root of the tree; catch it to catch everything Warmline raises on purpose."""


class ConfigurationError(WarmlineError):
    """A configuration file cannot be used."""


class IllegalTransition(WarmlineError):
    """A state machine has no such step."""

    def __init__(self, machine: str, state: str, trigger: str) -> None:
        """Name the machine, the state it is in and the trigger it refused."""
        super().__init__(f"{machine}: no step {trigger!r} from state {state!r}")
        self.machine = machine
        self.state = state
        self.trigger = trigger


class LimitExceeded(WarmlineError):
    """A named limit was reached."""

    def __init__(self, name: str, value: float, limit: float) -> None:
        """Name the limit, what was asked for and what is allowed."""
        super().__init__(f"{name}: {value:g} is over the limit of {limit:g}")
        self.name = name
        self.value = value
        self.limit = limit


class NotKnown(WarmlineError):
    """No thing of that kind has that name."""

    def __init__(self, kind: str, name: object) -> None:
        """Name the kind of thing and the name that nothing has."""
        super().__init__(f"no {kind} {str(name)!r}")
        self.kind = kind
        self.name = str(name)


class NobodyServes(WarmlineError):
    """No agent who is there can do what a contact would need."""

    def __init__(self, what: str) -> None:
        """Name what is needed."""
        super().__init__(f"no agent who is logged in has {what}")
        self.what = what


class CallRefused(WarmlineError):
    """A customer may not be called, by the rules of the queue for which he would be."""

    def __init__(self, queue_id: str, reason: str) -> None:
        """Name the queue and the reason, and never the number."""
        super().__init__(f"queue {queue_id!r} may not call this number: {reason}")
        self.queue_id = queue_id
        self.reason = reason


class NotServing(WarmlineError):
    """An agent acts on a conversation that he does not have."""

    def __init__(self, agent_id: str, conversation_id: str) -> None:
        """Name both."""
        super().__init__(f"agent {agent_id!r} does not have conversation {conversation_id!r}")
        self.agent_id = agent_id
        self.conversation_id = conversation_id


class AttachmentRefused(WarmlineError):
    """A file is not taken in, or its content may not be handed out."""

    def __init__(self, name: str, why: str) -> None:
        """Name the file and the reason."""
        super().__init__(f"attachment {name!r}: {why}")
        self.why = why


class StillDangerous(WarmlineError):
    """A mail in quarantine stays there."""

    def __init__(self, quarantine_id: str, why: str) -> None:
        """Name the mail, and the rule that stops it with its limit; nothing that it says."""
        super().__init__(f"mail {quarantine_id!r} stays in quarantine: {why}")
        self.why = why


class ReaderGone(WarmlineError):
    """The process that reads mail cannot be started; the mail may come again later."""


class CellError(WarmlineError):
    """A command to a cell failed."""


class CellGone(CellError):
    """The cell's process has ended."""


class NoCellFree(CellError):
    """The pool of cells is at its limit or draining."""


class SipError(WarmlineError):
    """A SIP message or the SDP in it cannot be accepted."""


class StoreError(WarmlineError):
    """A record could not be written or read."""


class Duplicate(StoreError):
    """A record was not written because one like it is stored already."""


class Outdated(StoreError):
    """A record was not changed: it is gone, or somebody else has changed it meanwhile."""


class EmotionForbidden(WarmlineError, ValueError):
    """Emotion is read from the customer only (EU AI Act, article 5(1)(f))."""

    def __init__(self, speaker: object) -> None:
        """Name whose it would have been."""
        super().__init__(f"emotion of {str(speaker)!r}: it is read from the customer only")
        self.speaker = str(speaker)


class ModelError(WarmlineError):
    """A model's weights or card cannot be used, or what it was given does not fit."""


class RecordingError(WarmlineError):
    """An audio file is missing, is no sound, or is beyond a limit."""


class ManifestError(WarmlineError):
    """A table of audio files is missing, is no table, or lacks a column."""


class CustomerMistake(WarmlineError):
    """What was told of a customer cannot be used."""

    def __init__(self, field: str, value: str, allowed: str) -> None:
        """Name the field, what stands there and what may stand there."""
        super().__init__(f"{field}: found {value!r}; allowed: {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class OutreachMistake(WarmlineError):
    """A template cannot be sent as it was asked for."""

    def __init__(self, field: str, value: str, allowed: str) -> None:
        """Name the field, what stands there and what may stand there."""
        super().__init__(f"{field}: found {value}; allowed: {allowed}")
        self.field = field


class FollowError(WarmlineError):
    """A running node cannot be reached, refuses, or stops telling of a call."""


class SimulationError(WarmlineError):
    """A workload or a table of arrivals cannot be simulated, or a policy broke a rule."""


class EventsGone(WarmlineError):
    """The events after that sequence number are no longer kept, or never were here."""

    def __init__(self, after: int, first: int, last: int) -> None:
        """Name the number asked for, and the first and the last that are kept."""
        super().__init__(f"events after {after} are not kept: only {first} to {last}")
        self.after = after
        self.first = first
        self.last = last


class EventCodecError(WarmlineError):
    """An event has no JSON form, or JSON is no event."""
