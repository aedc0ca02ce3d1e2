"""The costs that the bench solves: terms by the weights of `config/routing.py`.

Agents and contacts are turned into arrays once, as they log in and arrive; `problem_of` makes
the tables and the index of rows from these arrays, which is part of the time that is measured.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.router_people import (
    LANGUAGES,
    PRODUCTS,
    REGIONS,
    SEGMENTS,
    SKILL_LEVELS,
    TOPICS,
    Scene,
)
from config.routing import Routing
from domain.decision import Reason
from router.assignment.problem import Personal, Problem, Term

LEVEL_MAX: Final = 5
IDLE_S_MAX: Final = 3_600.0
CHANCE_TILT: Final = 0.12
"""Standard deviation of an agent's chance of a good outcome by topic and segment: what outcome
models of this kind find at best."""
ALL_TOPICS: Final = tuple(topic for topics in TOPICS.values() for topic in topics)
NEVER: Final = np.float32(np.inf)

Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentArrays:
    """The agents of a scene; shapes (names, agents) and (agents,)."""

    skills: Levels
    languages: Levels
    regions: NDArray[np.bool_]
    products: NDArray[np.bool_]
    ratings: Levels
    chances: Levels
    seniority: Levels
    emotion_handling: Levels
    idle_s: Levels
    occupancy: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactArrays:
    """The contacts of a scene: rows of each table and what urgency is made of.

    Attributes:
        row: By term, shape (contacts,).
        urgency: Steps of value, priority, seconds waited and the queue's target.
    """

    skill: NDArray[np.int64]
    language: NDArray[np.int64]
    region: NDArray[np.int64]
    product: NDArray[np.int64]
    topic: NDArray[np.int64]
    seniority: NDArray[np.int64]
    mood: NDArray[np.int64]
    chance: NDArray[np.int64]
    value: NDArray[np.int64]
    priority: NDArray[np.int64]
    waited_s: NDArray[np.float64]
    target_s: NDArray[np.float64]
    known: Personal
    """Strengths in place of seconds."""


def agent_arrays(scene: Scene, seed: int = 0) -> AgentArrays:
    """Return the agents of a scene as arrays; `seed` draws what is expected of them."""
    entries = [free.agent for free in scene.agents]
    rng = np.random.default_rng(seed)
    skills = [[entry.skills.get(name, 0) for entry in entries] for name in SKILL_LEVELS]
    languages = [[entry.languages.get(name, 0) for entry in entries] for name in LANGUAGES]
    ratings = np.full((len(ALL_TOPICS), len(entries)), np.nan, dtype=np.float32)
    for column, entry in enumerate(entries):
        for topic, rating in entry.ratings.items():
            ratings[ALL_TOPICS.index(topic), column] = rating
    ratings = np.where(np.isnan(ratings), np.nanmean(ratings), ratings)
    shape = (len(ALL_TOPICS) * len(SEGMENTS), len(entries))
    # An agent is good or not in general, and by topic and segment a little besides.
    tilt = 0.8 * rng.normal(size=shape[1]) + 0.6 * rng.normal(size=shape)
    return AgentArrays(
        skills=np.array(skills, dtype=np.float32),
        languages=np.array(languages, dtype=np.float32),
        regions=np.array([[name in entry.regions for entry in entries] for name in REGIONS]),
        products=np.array([[name in entry.products for entry in entries] for name in PRODUCTS]),
        ratings=ratings.astype(np.float32),
        chances=np.clip(0.7 + CHANCE_TILT * tilt, 0.05, 0.98).astype(np.float32),
        seniority=np.array([entry.seniority for entry in entries], dtype=np.float32),
        emotion_handling=np.array([entry.emotion_handling for entry in entries], dtype=np.float32),
        idle_s=np.array([agent.idle_s for agent in scene.agents], dtype=np.float32),
        occupancy=np.array([agent.occupancy for agent in scene.agents], dtype=np.float32),
    )


def contact_arrays(scene: Scene) -> ContactArrays:
    """Return the contacts of a scene as arrays; the last row of a table is for "not known"."""
    skills = {f"{name}": row for row, name in enumerate(SKILL_LEVELS)}
    languages = list(LANGUAGES)
    queues = {queue.id: queue for queue in scene.queues}
    columns = {agent.agent.agent_id: column for column, agent in enumerate(scene.agents)}
    pairs = [
        (number, columns[familiar.agent_id], familiar.strength)
        for number, contact in enumerate(scene.contacts)
        for familiar in contact.profile.familiar
    ]
    waiting = scene.contacts

    def rows(values: list[int]) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    def place(names: tuple[str, ...], name: str | None) -> int:
        return len(names) if name is None else names.index(name)

    topics = rows([place(ALL_TOPICS, each.profile.topic) for each in waiting])
    segments = rows([place(SEGMENTS, each.profile.segment or None) for each in waiting])
    unknown = (topics == len(ALL_TOPICS)) | (segments == len(SEGMENTS))
    return ContactArrays(
        skill=rows(
            [
                skills[each.queued.requirements[0].skill]
                if each.queued.requirements
                else len(skills)
                for each in waiting
            ]
        ),
        language=rows(
            [
                languages.index(each.queued.language)
                + len(languages) * (queues[each.queued.queue_id].routing.language_min - 1)
                for each in waiting
            ]
        ),
        region=rows([place(REGIONS, each.profile.region) for each in waiting]),
        product=rows([place(PRODUCTS, each.profile.product) for each in waiting]),
        topic=topics,
        seniority=rows(
            [(min(LEVEL_MAX, each.profile.value + each.profile.repeat) - 1) for each in waiting]
        ),
        mood=rows([max(0, each.mood.rank) for each in waiting]),
        chance=np.where(
            unknown, len(ALL_TOPICS) * len(SEGMENTS), topics * len(SEGMENTS) + segments
        ),
        value=rows([each.profile.value for each in waiting]),
        priority=rows([each.queued.priority for each in waiting]),
        waited_s=np.array([each.queued.waited_s for each in waiting]),
        target_s=np.array(
            [queues[each.queued.queue_id].service_level.target_s for each in waiting]
        ),
        known=Personal(
            contact=rows([contact for contact, _, _ in pairs]),
            agent=rows([agent for _, agent, _ in pairs]),
            seconds=np.array([strength for _, _, strength in pairs], dtype=np.float32),
        ),
    )


def problem_of(contacts: ContactArrays, agents: AgentArrays, weights: Routing) -> Problem:
    """Return the assignment problem of this moment."""
    least = np.array(list(SKILL_LEVELS.values()), dtype=np.float32)[:, np.newaxis]
    missing = np.float32(LEVEL_MAX) - agents.skills
    skill = weights.proficiency_weight_s * missing
    skill[agents.skills < least] = NEVER
    language = weights.language_weight_s * (LEVEL_MAX - agents.languages)
    levels = np.arange(1, LEVEL_MAX + 1, dtype=np.float32)[:, np.newaxis, np.newaxis]
    language = np.where(agents.languages >= levels, language, NEVER)
    steps = np.arange(4, dtype=np.float32)[:, np.newaxis]
    wanted = levels[:, 0]
    able = (agents.skills >= least).sum(axis=0)
    # Who can serve more kinds of contacts is kept for them.
    reserve = weights.reserve_weight_s * np.maximum(able - 1, 0) / len(SKILL_LEVELS)
    terms = [
        Term(Reason.SKILL, _with_unknown(skill), contacts.skill),
        Term(Reason.LANGUAGE, _f32(language.reshape(-1, language.shape[-1])), contacts.language),
        Term(
            Reason.REGION,
            _with_unknown(weights.region_weight_s * ~agents.regions),
            contacts.region,
        ),
        Term(
            Reason.PRODUCT,
            _with_unknown(weights.product_weight_s * ~agents.products),
            contacts.product,
        ),
        Term(
            Reason.RATING,
            _with_unknown(weights.rating_weight_s * (LEVEL_MAX - agents.ratings)),
            contacts.topic,
        ),
        Term(
            Reason.SENIORITY,
            _f32(weights.seniority_weight_s * np.maximum(wanted - agents.seniority, 0)),
            contacts.seniority,
        ),
        Term(
            Reason.EMOTION,
            _f32(weights.emotion_weight_s * steps * (LEVEL_MAX - agents.emotion_handling)),
            contacts.mood,
        ),
        Term(
            Reason.EXPECTATION,
            _with_unknown(weights.expectation_weight_s * (1 - agents.chances)),
            contacts.chance,
        ),
    ]
    idle = weights.idle_weight_per_s * (IDLE_S_MAX - np.minimum(agents.idle_s, IDLE_S_MAX))
    overdue_s = np.maximum(contacts.waited_s - contacts.target_s, 0.0)
    known = contacts.known
    return Problem(
        terms=terms,
        agent_s=_f32(idle + weights.occupancy_weight_s * agents.occupancy + reserve),
        leave_s=weights.unserved_s
        + weights.wait_weight_per_s * contacts.waited_s
        + weights.overdue_weight_per_s * overdue_s
        + weights.priority_weight_s * contacts.priority
        + weights.value_weight_s * contacts.value,
        capacity=np.ones(len(agents.idle_s), dtype=np.int64),
        personal=Personal(
            known.contact, known.agent, -weights.familiarity_weight_s * known.seconds
        ),
    )


def _f32(table: NDArray[np.floating]) -> Levels:
    return np.ascontiguousarray(table, dtype=np.float32)


def _with_unknown(table: NDArray[np.floating]) -> Levels:
    """Add a row of zeros: what is not known speaks for nobody."""
    return _f32(np.vstack([table, np.zeros((1, table.shape[1]))]))
