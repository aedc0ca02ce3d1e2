"""Emotion over HTTP: a customer's mood, his consent, and the model that reads it."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Query

from channels.http.access import BEARER, ApiPorts, Ports, api_problems, care_of
from channels.http.care_models import ConsentGiven, EmotionOut, MoodOut
from channels.http.contacts import ContactPath
from channels.http.problem import ProblemFound
from config.values import Language
from domain.care_ports import CareDesk
from domain.consent import EmotionPolicy, Purpose
from domain.errors import NotKnown

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["emotion"], dependencies=[BEARER])


@router.get(
    "/api/v1/contacts/{contact_id}/mood",
    summary="Get a customer's mood",
    response_description="How he feels at this moment, and why that is read or not.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def get_mood(
    ports: Ports,
    contact_id: ContactPath,
    language: Annotated[
        Language, Query(description="Language of `ground_words`.", examples=["zh"])
    ] = "en",
) -> MoodOut:
    """How the customer of a running contact feels; a contact that has ended is answered with 404.

    409: emotion is switched off here, and of nobody is anything known.

    The confidence fades while he says nothing: an old mood is told with little confidence, not
    as calm. It is always the customer's mood, never an agent's.
    """
    view = _at_work(ports).mood(contact_id)
    if view is None:
        raise NotKnown("running contact", contact_id)
    return MoodOut.of(view, language)


@router.post(
    "/api/v1/contacts/{contact_id}/consent",
    status_code=204,
    summary="Note what a customer allows",
    response_description="It is noted and in force.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def give_consent(ports: Ports, contact_id: ContactPath, given: ConsentGiven) -> None:
    """Note what the customer of a running contact has said, to an agent or on a web page.

    A refusal of emotion is in force at once: what was read is forgotten and its alerts are
    cleared. It never costs him his place or an agent. The event ConsentChanged tells of it.
    409: it is about emotion, which is switched off here; the other purposes are noted all the same.
    """
    care = _at_work(ports) if given.purpose is Purpose.EMOTION else care_of(ports)
    care.answer(contact_id, given.purpose, given.answer)
    _log.info(
        "consent noted over HTTP",
        contact_id=contact_id,
        purpose=given.purpose.value,
        answer=given.answer.value,
    )


@router.get(
    "/api/v1/emotion",
    summary="What reads emotion here",
    response_description="The policy and the weights at work.",
    responses=api_problems("unavailable"),
)
async def get_emotion(ports: Ports) -> EmotionOut:
    """Which weights judge customers' voices, what they claim, what their licence allows."""
    return EmotionOut.of(care_of(ports).model())


def _at_work(ports: ApiPorts) -> CareDesk:
    """Return the care for customers; refuse where no emotion is read."""
    care = care_of(ports)
    model = care.model()
    if not model.enabled or model.policy is EmotionPolicy.OFF:
        raise ProblemFound("conflict", "emotion is switched off here (emotion.enabled)")
    return care
