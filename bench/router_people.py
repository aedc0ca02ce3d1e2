"""People of a generated call centre: queues, agents, and customers who wait, as in daily life.

What makes assignments hard is here on purpose: most people speak two languages, a few are the
only ones for a rare one; experts and the longest idle are everybody's favourites; some queues
have more contacts than agents. No distribution is flat, as none is in a real centre.
"""

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from config.routing import QueueRouting
from config.schema import QueueEntry, ServiceLevel
from domain.agent import Agent
from domain.contact import Channel
from domain.customer_profile import CustomerProfile, Familiar
from domain.events import ContactQueued
from domain.mood import Mood
from domain.skill import SkillRequirement

Key = TypeVar("Key")

LANGUAGES: Final = {"en": 0.55, "es": 0.16, "zh": 0.12, "de": 0.08, "fr": 0.06, "pl": 0.03}
"""Share of customers by language; of agents nearly the same."""
TOPICS: Final = {
    "billing": ("invoice", "payment", "contract"),
    "technical": ("setup", "outage", "device", "network"),
    "sales": ("offer", "upgrade"),
    "retention": ("cancel", "complaint"),
}
"""Topics by skill; a contact of the skill has one of these."""
REGIONS: Final = ("north", "south", "east", "west", "coast", "islands")
PRODUCTS: Final = ("fibre", "mobile", "tv", "cloud", "phone", "router-box", "alarm", "energy")
SKILL_LEVELS: Final = {"billing": 2, "technical": 3, "sales": 1, "retention": 3}
"""What the queues ask for, 1 to 5."""
QUEUE_SHARES: Final = (0.25, 0.3, 0.15, 0.05, 0.25)
"""Share of contacts by queue, in the order of the skills; the last is of the front desk."""
VALUE_SHARES: Final = (0.55, 0.2, 0.13, 0.08, 0.04)
"""Share of customers by value, 1 to 5."""
MOODS: Final = {
    Mood.UNKNOWN: 0.5,
    Mood.CALM: 0.3,
    Mood.UNEASY: 0.12,
    Mood.UPSET: 0.05,
    Mood.ANGRY: 0.03,
}
SEGMENTS: Final = ("new", "settled", "business")
KNOWN_SHARE: Final = 0.25
"""Share of customers who know some agent."""
WAIT_MEAN_S: Final = 90.0
IDLE_MEAN_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeAgent:
    """An agent who waits for work.

    Attributes:
        idle_s: Seconds since his last contact.
        occupancy: Share of his time spent with contacts, 0.0 to 1.0.
    """

    agent: Agent
    idle_s: float
    occupancy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A contact that waits.

    Attributes:
        mood: How the customer feels, as far as it was heard.
    """

    queued: ContactQueued
    profile: CustomerProfile
    mood: Mood


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A moment of the centre: who waits, longest first, and who is free, longest idle first."""

    queues: tuple[QueueEntry, ...]
    agents: tuple[FreeAgent, ...]
    contacts: tuple[Waiting, ...]


def scene(contacts: int, agents: int, seed: int) -> Scene:
    """Return a moment with so many contacts and agents; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    queues = tuple(_queues())
    free = [_agent(rng, number) for number in range(agents)]
    waiting = [_contact(rng, number, queues, free) for number in range(contacts)]
    return Scene(
        queues=queues,
        agents=tuple(sorted(free, key=lambda agent: -agent.idle_s)),
        contacts=tuple(sorted(waiting, key=lambda contact: -contact.queued.waited_s)),
    )


def _queues() -> list[QueueEntry]:
    """One for each skill, and one for whoever does not say what he wants."""
    entries = [
        QueueEntry(
            id=skill,
            name=skill,
            numbers=[f"80{number}"],
            skills={skill: level},
            priority=2 if skill == "retention" else 0,
            service_level=ServiceLevel(target_s=20.0 if skill == "retention" else 60.0),
            routing=QueueRouting(language_min=3 if skill == "retention" else 2),
        )
        for number, (skill, level) in enumerate(SKILL_LEVELS.items())
    ]
    front = QueueEntry(
        id="front", name="front desk", numbers=["809"], service_level=ServiceLevel(target_s=30.0)
    )
    return [*entries, front]


def _agent(rng: np.random.Generator, number: int) -> FreeAgent:
    seniority = int(rng.choice(5, p=(0.2, 0.3, 0.25, 0.15, 0.1))) + 1
    mother = _drawn(rng, LANGUAGES)
    languages = {mother: 5}
    for language in rng.permutation(list(LANGUAGES))[: int(rng.integers(0, 3))]:
        languages.setdefault(str(language), int(rng.integers(1, 5)))
    skills = {}
    names = list(SKILL_LEVELS)
    for skill in rng.permutation(names)[: int(rng.choice((1, 2, 3, 4), p=(0.3, 0.4, 0.2, 0.1)))]:
        # Experience shows, with exceptions.
        skills[str(skill)] = int(np.clip(rng.normal(seniority + 0.8, 1.0), 1, 5))
    rated = [topic for skill in skills for topic in TOPICS[skill] if rng.random() < 0.8]
    agent = Agent(
        agent_id=f"agent-{number}",
        name=f"Agent {number}",
        extension=str(10_000 + number),
        skills=skills,
        languages=languages,
        seniority=seniority,
        emotion_handling=int(np.clip(rng.normal(3, 1.1), 1, 5)),
        ratings={topic: round(float(np.clip(rng.normal(3.8, 0.6), 1, 5)), 1) for topic in rated},
        regions=frozenset(_some(rng, REGIONS, 2)),
        products=frozenset(_some(rng, PRODUCTS, 4)),
    )
    occupancy = float(np.clip(rng.beta(8, 3), 0, 1))
    return FreeAgent(agent=agent, idle_s=float(rng.exponential(IDLE_MEAN_S)), occupancy=occupancy)


def _contact(
    rng: np.random.Generator, number: int, queues: tuple[QueueEntry, ...], free: list[FreeAgent]
) -> Waiting:
    language = _drawn(rng, LANGUAGES)
    queue = queues[int(rng.choice(len(queues), p=QUEUE_SHARES))]
    skills = list(queue.skills) or list(SKILL_LEVELS)
    topics = TOPICS[skills[int(rng.integers(len(skills)))]]
    profiling = rng.random() >= 0.05
    profile = CustomerProfile(
        customer_id=f"customer-{number}",
        value=int(rng.choice(5, p=VALUE_SHARES)) + 1,
        language=language,
        region=str(rng.choice(REGIONS)) if rng.random() < 0.8 else None,
        product=str(rng.choice(PRODUCTS)) if rng.random() < 0.7 else None,
        topic=topics[int(rng.integers(len(topics)))] if rng.random() < 0.75 else None,
        repeat=bool(rng.random() < 0.2),
        familiar=_familiar(rng, free) if rng.random() < KNOWN_SHARE else (),
        segment=SEGMENTS[int(rng.integers(len(SEGMENTS)))],
    )
    return Waiting(
        queued=ContactQueued(
            contact_id=f"contact-{number}",
            queue_id=queue.id,
            language=language,
            priority=queue.priority,
            requirements=tuple(
                SkillRequirement(skill=skill, proficiency_min=level)
                for skill, level in queue.skills.items()
            ),
            waited_s=float(rng.exponential(WAIT_MEAN_S)),
            channel=Channel.VOICE,
        ),
        profile=profile if profiling else profile.unprofiled(),
        mood=_drawn(rng, MOODS),
    )


def _familiar(rng: np.random.Generator, free: list[FreeAgent]) -> tuple[Familiar, ...]:
    known = rng.permutation(len(free))[: int(rng.integers(1, 4))]
    strengths = np.sort(rng.random(len(known)))[::-1]
    return tuple(
        Familiar(agent_id=free[int(who)].agent.agent_id, strength=float(strength))
        for who, strength in zip(known, strengths, strict=True)
    )


def _drawn(rng: np.random.Generator, shares: dict[Key, float]) -> Key:
    return list(shares)[int(rng.choice(len(shares), p=tuple(shares.values())))]


def _some(rng: np.random.Generator, names: tuple[str, ...], most: int) -> list[str]:
    return [str(name) for name in rng.permutation(names)[: int(rng.integers(0, most + 1))]]
