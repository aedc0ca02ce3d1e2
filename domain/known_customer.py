"""A known customer: what he allowed in earlier contacts, and how he usually speaks."""

from dataclasses import dataclass, field

from domain.baseline import Baseline
from domain.consent import Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCustomer:
    """What is remembered of one customer.

    Attributes:
        consent: His answers; UNKNOWN where he has given none.
        baseline: How he speaks when nothing is wrong; None: not known, or not to be kept.
    """

    consent: Consent = field(default_factory=Consent)
    baseline: Baseline | None = None
