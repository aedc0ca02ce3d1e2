"""What the knowledge of customers counts, for `/metrics`."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class CustomerFigures:
    """Since the start.

    Attributes:
        loads: Contacts whose customer was looked for in the store, by what came of it:
            "known", "unknown", "failed", or "dropped" when too many arrived at once.
        learnt: Lessons that changed a summary.
        unlearnt: Times that the store did not take lessons; they are tried again.
        passed_over: Times that events were no longer kept when they were to be read.
    """

    loads: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("known", "unknown", "failed", "dropped"), 0)
    )
    learnt: int = 0
    unlearnt: int = 0
    passed_over: int = 0
