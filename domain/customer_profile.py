"""A customer's profile as the router reads it: who calls, what for, and who knows him.

Personal data: it never enters an event, a log line or a metric label. The store keeps a summary
up to date with every contact, so that nothing is scanned when a customer arrives.
"""

from dataclasses import dataclass
from typing import Final

VALUE_MIN: Final = 1
VALUE_MAX: Final = 5
"""Value tiers, as proficiencies: 1 is an ordinary customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Familiar:
    """An agent whom the customer knows.

    Attributes:
        strength: 0.0 to 1.0; grows with contacts that went well, decays with time.
    """

    agent_id: str
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfile:
    """What may decide who serves a customer.

    Attributes:
        customer_id: As the store knows him.
        value: Value tier, 1 to 5.
        language: BCP 47 tag he is served in best; None: that of the queue.
        region, product, version: None when unknown.
        topic: What he most likely contacts us for; None when nothing speaks for one.
        repeat: He has contacted us about the same matter before and it was not resolved.
        days_since: Days since his last contact; None before the first.
        frustration: Carried over from earlier contacts, 0.0 to 1.0.
        familiar: Agents he knows, the strongest first, at most 3.
        preferred_agent_id: The agent he is to reach first if present; None for nobody.
        segment: Group of customers that the outcome model learns for; no protected attribute
            has part in it.
        profiling: False: he does not want it; then every other field but `language` is at its
            default.
    """

    customer_id: str
    value: int = VALUE_MIN
    language: str | None = None
    region: str | None = None
    product: str | None = None
    version: str | None = None
    topic: str | None = None
    repeat: bool = False
    days_since: float | None = None
    frustration: float = 0.0
    familiar: tuple[Familiar, ...] = ()
    preferred_agent_id: str | None = None
    segment: str = ""
    profiling: bool = True

    def unprofiled(self) -> "CustomerProfile":
        """Return what is left for a customer who does not want to be profiled."""
        return CustomerProfile(
            customer_id=self.customer_id, language=self.language, profiling=False
        )
