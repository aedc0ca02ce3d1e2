"""The event of suggestions, one of `domain.events.Event`."""

from dataclasses import dataclass

from domain.need import NeedKind, SuggestionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionMade:
    """The agent who is offered a contact is shown what the customer is likely to need next.

    Attributes:
        suggestion_id: The entry of `suggestions`, by its id in the configuration.
        kind: Whether the need is a topic or a product.
        need: Which, by its id.
        probability: That it is what the customer needs next, 0.0 to 1.0.
        baseline_probability: The same from how often all customers need it.
        reason: What speaks for it; never the customer's history itself.
        language: BCP 47 tag of the language the customer is served in.
        phrase: What the agent may say, from the configuration, in that language.
        offer: Code of the offer that goes with it; None: it is advice alone.
    """

    contact_id: str
    agent_id: str
    suggestion_id: str
    kind: NeedKind
    need: str
    probability: float
    baseline_probability: float
    reason: SuggestionReason
    language: str
    phrase: str
    offer: str | None = None
