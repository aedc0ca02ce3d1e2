"""A customer's needs: what he came for and what he bought, in order, and what may come next.

Personal data as soon as it is one customer's: a history never enters an event, a log line or a
metric label. What was suggested to an agent does, by contact and without the history.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol


class NeedKind(StrEnum):
    """What a need is."""

    TOPIC = "topic"
    """A matter that customers contact us for."""
    PRODUCT = "product"
    """Something that customers buy."""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A topic or a product, by its id."""

    kind: NeedKind
    name: str


@dataclass(frozen=True, slots=True)
class NeedStep:
    """A customer has contacted us about a topic, or has bought a product.

    Attributes:
        at: When, wall time, UTC.
        noted_at: When it was entered, if that is later than it happened, as with purchases that
            another system tells of at night; None: as it happened.
    """

    kind: NeedKind
    name: str
    at: datetime
    noted_at: datetime | None = None

    @property
    def need(self) -> Need:
        """What it was, whenever it was."""
        return Need(self.kind, self.name)

    @property
    def known_at(self) -> datetime:
        """Since when we know of it, never before it happened."""
        return self.at if self.noted_at is None else self.noted_at


class NeedHistory(Protocol):
    """Where customers' histories are kept. Nobody stands in it who refuses to be profiled."""

    async def history(self, contact_id: str) -> Sequence[NeedStep]:
        """Return what the customer of a contact came for and bought, the oldest first.

        What the present contact is about stands at its end, if that is known already.

        Returns:
            The last steps, some 20 are enough; empty for a customer who is not known, does not
            want to be profiled or has refused offers (`domain.consent.Purpose.OFFERS`).

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def changed(self, since: datetime | None, until: datetime) -> AsyncIterator[Sequence[NeedStep]]:
        """Yield the history of each customer with a step that became known in a span of time.

        Args:
            since: Begin of the span; None: from the beginning of what is kept.
            until: Steps known from then on are left out; the next call begins with them.

        Raises:
            StoreError: While iterating: it cannot be read.
        """
        ...


class SuggestionReason(StrEnum):
    """What speaks for a need."""

    AFTER = "after"
    """What he came for or bought last."""
    AFTER_TWO = "after_two"
    """The last two of these, in their order."""
    AFTER_TIME = "after_time"
    """What he came for or bought last, and how long ago that was."""


_KINDS: Final[Mapping[str, Mapping[NeedKind, str]]] = {
    "en": {NeedKind.TOPIC: "{name}", NeedKind.PRODUCT: "buying {name}"},
    "zh": {NeedKind.TOPIC: "“{name}”", NeedKind.PRODUCT: "购买“{name}”"},
}
_SENTENCES: Final[Mapping[str, Mapping[SuggestionReason, str]]] = {
    "en": {
        SuggestionReason.AFTER: "After {last}, {need} comes next for {share} of 100 customers;"
        " of all, for {baseline}.",
        SuggestionReason.AFTER_TWO: "After {before} and then {last}, {need} comes next for {share}"
        " of 100 customers; of all, for {baseline}.",
        SuggestionReason.AFTER_TIME: "So long after {last}, {need} comes next for {share} of 100"
        " customers; of all, for {baseline}.",
    },
    "zh": {
        SuggestionReason.AFTER: "在{last}之后，100 位客户中有 {share} 位接下来需要{need}；"
        "全体客户中为 {baseline} 位。",
        SuggestionReason.AFTER_TWO: "先是{before}、再是{last}之后，100 位客户中有 {share} 位"
        "接下来需要{need}；全体客户中为 {baseline} 位。",
        SuggestionReason.AFTER_TIME: "距{last}已有这么久，100 位客户中有 {share} 位接下来需要"
        "{need}；全体客户中为 {baseline} 位。",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a customer is likely to need next.

    Attributes:
        probability: That his next step is this one, 0.0 to 1.0.
        baseline_probability: The same from how often all customers need it, and nothing else.
        after: The steps that speak for it, the oldest first, one or two.
    """

    need: Need
    probability: float
    baseline_probability: float
    reason: SuggestionReason
    after: tuple[Need, ...]

    def words(self, language: str) -> str:
        """Return the reason as a sentence, in English where the language is not known."""
        language = language if language in _SENTENCES else "en"
        return _SENTENCES[language][self.reason].format(
            last=_named(self.after[-1], language),
            before=_named(self.after[0], language),
            need=_named(self.need, language),
            share=round(100 * self.probability),
            baseline=round(100 * self.baseline_probability),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """What an agent may offer or advise, and why.

    Attributes:
        language: The customer is served in it.
        phrases: What may be said, by language.
        offer: Code of an offer in the operator's own systems; None: it is advice alone.
        agent_id: Whom it was shown to last; None as long as nobody was offered the contact.
    """

    contact_id: str
    prediction: Prediction
    language: str
    phrases: Mapping[str, str]
    offer: str | None = None
    agent_id: str | None = None

    def phrase(self, language: str) -> str:
        """Return what may be said, in English where the language is not known."""
        return self.phrases.get(language, self.phrases["en"])


class SuggestionDesk(Protocol):
    """What the API asks of suggestions. Every call returns at once."""

    def suggestion(self, contact_id: str) -> SuggestionView | None:
        """Return what is suggested about the customer of a running contact; None: nothing.

        Raises:
            NotKnown: No contact of that id runs.
        """
        ...


def _named(need: Need, language: str) -> str:
    return _KINDS[language][need.kind].format(name=need.name)
