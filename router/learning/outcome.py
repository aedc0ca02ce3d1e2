"""How good an outcome was, as one number."""

from router.inputs import OutcomeKnown


def goodness(outcome: OutcomeKnown) -> float | None:
    """Return the mean of resolved, satisfied and calmer as far as they are known.

    Each counts alike: none of them alone is what the customer came for, and whoever wants another
    balance reports another `satisfied`.

    Returns:
        0.0 to 1.0; None when nothing is known.

    Raises:
        ValueError: `satisfied` is no number from 0 to 1.
    """
    satisfied = outcome.satisfied
    if satisfied is not None and not 0 <= satisfied <= 1:
        raise ValueError(f"satisfied of contact {outcome.contact_id}: {satisfied} is not 0 to 1")
    marks = (outcome.resolved, satisfied, outcome.calmer)
    known = [float(mark) for mark in marks if mark is not None]
    return sum(known) / len(known) if known else None
