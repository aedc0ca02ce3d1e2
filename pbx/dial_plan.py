"""Where a dialled number leads: a queue, the one that stands in for it, a feature code, or nowhere.

A caller chooses among these and nothing else, so nobody can place a call through us to
a number of his own (toll fraud).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from config.schema import FEATURE_CODES, QueueEntry
from domain.agent import AgentState
from domain.opening import ALWAYS_OPEN, OpeningHours
from pbx.edge.call import InboundCall

_SEPARATORS: Final = str.maketrans("", "", "-.() ")
"""Visual separators of RFC 3966 section 5.1.1, and the space that people add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToQueue:
    """The call is a contact of this queue.

    Attributes:
        queue: The one whose number was dialled, or which serves its callers at this time.
        language: That of the number that was dialled, whoever serves.
        opens_at: As a clock there shows it; None: it is open.
    """

    queue: QueueEntry
    language: str
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFeature:
    """An agent asks for a state by telephone."""

    agent_id: str
    state: AgentState


def normalised(number: str) -> str:
    """Return a dialled number without URI parameters and visual separators."""
    return number.partition(";")[0].translate(_SEPARATORS)


class DialPlan:
    """The numbers of all queues and the feature codes."""

    def __init__(self, queues: Iterable[QueueEntry], hours: OpeningHours = ALWAYS_OPEN) -> None:
        """Take the numbers as the configuration has them; they do not repeat."""
        self._hours = hours
        self._queues: dict[str, QueueEntry] = {}
        self._by_id: dict[str, QueueEntry] = {}
        for queue in queues:
            self._by_id[queue.id] = queue
            for number in queue.numbers:
                self._queues[normalised(number)] = queue

    def resolve(self, call: InboundCall, at: datetime) -> ToQueue | ToFeature | None:
        """Return where a call goes that comes at an aware time; None: the number leads nowhere.

        A trunk may present a number with or without the plus sign of E.164, so both are
        tried; a feature code works for a registered agent only.
        """
        dialled = normalised(call.dialled)
        if call.origin == "agent" and call.agent_id is not None and dialled in FEATURE_CODES:
            return ToFeature(agent_id=call.agent_id, state=AgentState(FEATURE_CODES[dialled]))
        other = dialled[1:] if dialled.startswith("+") else f"+{dialled}"
        queue = self._queues.get(dialled) or self._queues.get(other)
        if queue is None:
            return None
        serving = self._hours.serving(queue.id, at)
        if serving is not None:
            return ToQueue(queue=self._by_id[serving], language=queue.language)
        opens_at = self._hours.next_open(queue.id, at)
        return ToQueue(queue=queue, language=queue.language, opens_at=opens_at)
