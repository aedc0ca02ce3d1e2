"""The section `suggestions` of the schema: what agents may advise or offer, and to whom."""

from typing import Annotated, Final

from pydantic import Field

from config.section import Section
from config.values import Identifier
from domain.need import Need, NeedKind

ENTRIES_MAX: Final = 200
"""More than a list that people keep in order."""
PHRASE_CHARACTERS_MAX: Final = 300
"""Two sentences; an agent reads them while the telephone rings."""

Said = Annotated[str, Field(min_length=1, max_length=PHRASE_CHARACTERS_MAX)]


class SuggestionEntry(Section):
    """What an agent may say to a customer who is likely to need something next."""

    id: Identifier
    """Name of the suggestion."""
    topic: Identifier | None = None
    """The matter that he is likely to come with next; either this or `product`."""
    product: Identifier | None = None
    """What he is likely to buy next; either this or `topic`."""
    en: Said
    """What the agent may say, in English."""
    zh: Said
    """The same in Chinese."""
    offer: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    """Code of an offer in your own systems, shown beside the phrase; nothing: it is advice."""
    probability_min: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """How likely it must be that this is what comes next; an agent who suggests in vain four
    times of five soon reads none of them."""
    again: bool = False
    """Whether a product is also suggested to whoever has bought it before."""

    @property
    def need(self) -> Need:
        """What it is about; the review has seen to it that it is one thing."""
        if self.product is not None:
            return Need(NeedKind.PRODUCT, self.product)
        return Need(NeedKind.TOPIC, self.topic or "")


class Suggestions(Section):
    """What customers are likely to need next, told to the agent who is offered the contact.

    Never to or about a customer who does not want to be profiled, or has refused offers.
    """

    enabled: bool = True
    """Whether anything is suggested; histories are learnt from only then."""
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """How much likelier than for any other customer a need must be, as a share: what everybody
    needs anyway is no suggestion."""
    half_life_days: Annotated[float, Field(ge=1, le=3650)] = 180.0
    """After so many days a step in a history counts half; longer than with outcomes, for
    customers change more slowly than staff and come more seldom."""
    entries: Annotated[list[SuggestionEntry], Field(max_length=ENTRIES_MAX)] = []
    """What may be suggested; empty: nothing is."""
