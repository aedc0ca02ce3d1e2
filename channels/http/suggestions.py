"""Suggestions over HTTP: what the customer of a contact is likely to need next."""

from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import Field

from channels.http.access import BEARER, Ports, api_problems
from channels.http.contacts import ContactPath
from channels.http.models import Answer, ContactId
from channels.http.problem import ProblemFound
from config.values import Language
from domain.need import NeedKind, SuggestionReason, SuggestionView

router = APIRouter(tags=["suggestions"], dependencies=[BEARER])


class SuggestionOut(Answer):
    """What an agent may advise or offer, and why."""

    kind: NeedKind = Field(
        description="Whether the need is a topic or a product.", examples=["product"]
    )
    need: str = Field(description="Which, by its id.", examples=["router-x2"])
    probability: float = Field(
        description="That it is what the customer needs next, 0 to 1.", examples=[0.42]
    )
    baseline_probability: float = Field(
        description="The same from how often all customers need it, and nothing else.",
        examples=[0.11],
    )
    reason: SuggestionReason = Field(description="What speaks for it.", examples=["after"])
    reason_words: str = Field(
        description="The reason as a sentence, in the language asked for.",
        examples=[
            "After line-drops, buying router-x2 comes next for 42 of 100 customers; of all, for 11."
        ],
    )
    phrase: str = Field(
        description="What the agent may say, in the language asked for.",
        examples=["May I tell you about our new router? It would end the interruptions."],
    )
    offer: str | None = Field(
        description="Code of an offer in your own systems; null: it is advice alone.",
        examples=["SPRING-10"],
    )
    agent_id: str | None = Field(
        description="Whom it was shown to last; null as long as nobody was.", examples=["anna"]
    )

    @classmethod
    def of(cls, view: SuggestionView, language: str) -> Self:
        """Return the answer for one suggestion."""
        prediction = view.prediction
        return cls(
            kind=prediction.need.kind,
            need=prediction.need.name,
            probability=prediction.probability,
            baseline_probability=prediction.baseline_probability,
            reason=prediction.reason,
            reason_words=prediction.words(language),
            phrase=view.phrase(language),
            offer=view.offer,
            agent_id=view.agent_id,
        )


class SuggestionFound(Answer):
    """What is suggested about a contact, if anything is."""

    contact_id: ContactId
    suggestion: SuggestionOut | None = Field(
        description="Null where nothing beats what any other customer would be told, where the "
        "operator has no phrase for it, and always where the customer refuses."
    )


@router.get(
    "/api/v1/contacts/{contact_id}/suggestion",
    summary="What a customer is likely to need next",
    response_description="The suggestion with its reason, or that there is none.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_suggestion(
    ports: Ports,
    contact_id: ContactPath,
    language: Annotated[
        Language | None,
        Query(
            description="Of `phrase` and `reason_words`; left out: that of the customer.",
            examples=["zh"],
        ),
    ] = None,
) -> SuggestionFound:
    """What the customer of a running contact is likely to need next, and what may be said.

    It is known a moment after the contact was offered to an agent; the event SuggestionMade tells
    when. The reason names his last matter or purchase: it is for the agent who serves him.
    """
    if ports.suggestions is None:
        raise ProblemFound("unavailable", "no part of this node makes suggestions")
    view = ports.suggestions.suggestion(contact_id)
    return SuggestionFound(
        contact_id=contact_id,
        suggestion=None
        if view is None
        else SuggestionOut.of(view, view.language if language is None else language),
    )
