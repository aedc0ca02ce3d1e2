"""What tickets count, for `/metrics`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.ticket_store import TicketCount


@dataclass(slots=True)
class TicketFigures:
    """Since the start, but for `standing`.

    Attributes:
        opened: Tickets opened, by reason.
        standing: How many stood where when they were last counted.
        undone: Times that the store did not take what an event or the time asked for; it is tried
            again.
        broken: Events that were passed over because of a mistake of ours or of the configuration.
        passed_over: Times that events were no longer kept when they were to be read.
    """

    opened: Counter[str] = field(default_factory=Counter)
    standing: Sequence[TicketCount] = ()
    undone: int = 0
    broken: int = 0
    passed_over: int = 0
