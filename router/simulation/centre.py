"""The centre: queues, agents, and what nobody knows of them, drawn from a workload and a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.routing import Routing
from config.schema import QueueEntry
from config.workload import QueueLoad, Team, Workload, WorkShift, seconds_of
from domain.agent import Agent, language_proficiency
from domain.capacity import Capacity
from domain.contact import Channel
from domain.errors import SimulationError
from domain.skill import SkillRequirement, meets
from router.policy import AgentPolicy, RouterPolicy, requirements_of
from router.simulation.draws import key_of, key_of_text, normal, uniform

DAY_S = 86_400.0
_PACE, _SHIFT, _BREAKS = 1, 2, 3
_SKILLS, _LANGUAGES, _GROUND, _TALENT, _RATING = 4, 5, 6, 7, 8


@dataclass(frozen=True, slots=True)
class Shift:
    """When an agent is there on every day.

    Attributes:
        begin_s, end_s: Seconds after midnight.
        breaks: Begin and end of each break, likewise.
    """

    begin_s: float
    end_s: float
    breaks: tuple[tuple[float, float], ...] = ()

    @property
    def paid_s(self) -> float:
        """Seconds a day in which he is there and not on a break."""
        return self.end_s - self.begin_s - sum(end - begin for begin, end in self.breaks)


@dataclass(frozen=True, slots=True)
class Staff:
    """An agent, and what nobody knows of him.

    Attributes:
        talent: By topic, in standard deviations; 0 is average.
        pace: Logarithm of the factor on the time that he takes.
        number: Place among the agents.
    """

    agent: Agent
    shift: Shift
    number: int
    talent: Mapping[str, float] = field(default_factory=dict)
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Centre:
    """All that is the same for every policy.

    Attributes:
        queues: As the router is configured with them.
        loads: What arrives in each queue.
        requirements: Skills that contacts of each queue need.
    """

    workload: Workload
    queues: Mapping[str, QueueEntry]
    loads: Mapping[str, QueueLoad]
    staff: Mapping[str, Staff]
    requirements: Mapping[str, tuple[SkillRequirement, ...]]
    seed: int

    @classmethod
    def of(cls, workload: Workload, seed: int) -> "Centre":
        """Draw a centre.

        Raises:
            SimulationError: There are contacts that no agent can serve.
        """
        queues = {load.id: queue_of(load) for load in workload.queues}
        staff: dict[str, Staff] = {}
        for team in workload.teams:
            for number in range(team.agents):
                one = _hire(workload, team, number, len(staff), seed)
                staff[one.agent.agent_id] = one
        centre = cls.with_staff(workload, queues, staff, seed)
        for load in workload.queues:
            for channel in load.channels:
                for language in workload.customers.languages:
                    centre.check_served(load.id, Channel(channel), language)
        return centre

    @classmethod
    def with_staff(
        cls,
        workload: Workload,
        queues: Mapping[str, QueueEntry],
        staff: Mapping[str, Staff],
        seed: int,
    ) -> "Centre":
        """Return a centre with given queues and agents."""
        needs = {queue.id: requirements_of(queue) for queue in queues.values()}
        loads = {load.id: load for load in workload.queues}
        return cls(workload, queues, loads, staff, needs, seed)

    def check_served(self, queue_id: str, channel: Channel, language: str) -> None:
        """Refuse a kind of contact that no agent can serve.

        Raises:
            SimulationError: Nobody can.
        """
        needs = self.requirements[queue_id]
        for one in self.staff.values():
            agent = one.agent
            if (
                agent.capacity.slots.get(channel, 0) > 0
                and language_proficiency(agent.languages, language) > 0
                and all(meets(need, agent.skills) for need in needs)
            ):
                return
        skills = ", ".join(f"{need.skill} >= {need.proficiency_min}" for need in needs) or "none"
        raise SimulationError(
            f"queue {queue_id}: no agent can serve {channel.value} in language {language!r} "
            f"with skills {skills}"
        )

    def policy(self, *, learning: bool = False, without: int = 0) -> RouterPolicy:
        """Return what the router is configured with.

        Args:
            learning: Whether what is learnt from outcomes has part in decisions.
            without: So many agents, the last ones, are missing.
        """
        rules = self.workload.router
        rules = rules.model_copy(
            update={"learning": rules.learning.model_copy(update={"enabled": learning})}
        )
        kept = list(self.staff.values())[: max(1, len(self.staff) - without)]
        return RouterPolicy(
            agents={one.agent.agent_id: AgentPolicy(agent=one.agent) for one in kept},
            queues=self.queues,
            weights=rules,
        )


def queue_of(load: QueueLoad) -> QueueEntry:
    """Return a queue of a workload as a configuration would have it."""
    return QueueEntry(
        id=load.id,
        name=load.id,
        numbers=[f"sim-{load.id}"],
        skills=load.skills,
        priority=load.priority,
        service_level=load.service_level,
        ring_s=load.ring_s,
        wrap_up_s=load.wrap_up_s,
        waiting_max=load.waiting_max,
        wait_s_max=load.wait_s_max,
        routing=load.routing,
    )


def shift_of(plan: WorkShift, key: int) -> Shift:
    """Return one agent's hours.

    Breaks stand evenly in the shift, up to a quarter of an hour off, so that not all of them are
    away at once.
    """
    begin_s, end_s = seconds_of(plan.begin), seconds_of(plan.end)
    count = len(plan.breaks_s)
    free_s = (end_s - begin_s - sum(plan.breaks_s)) / (count + 1)
    off_s = min(900.0, free_s / 2) * (2 * uniform(key, _BREAKS) - 1)
    breaks, at_s = [], begin_s + off_s
    for length_s in plan.breaks_s:
        at_s += free_s
        breaks.append((at_s, at_s + length_s))
        at_s += length_s
    return Shift(begin_s, end_s, tuple(breaks))


def apart_of(rules: Routing) -> frozenset[frozenset[Channel]]:
    """Return the pairs of channels that nobody serves at once."""
    return frozenset(frozenset(Channel(name) for name in pair) for pair in rules.exclusions)


def talents_of(
    workload: Workload, skills: Mapping[str, int], key: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Draw an agent's hidden talents by topic, and what his ratings say of them.

    Args:
        workload: Topics, and how much skills and ratings tell.
        skills: His proficiencies, which tell a part of it.
        key: Of the agent.
    """
    truth = workload.truth
    hidden: dict[str, float] = {}
    ratings: dict[str, float] = {}
    for load in workload.queues:
        if any(skill not in skills for skill in load.skills):
            continue
        levels = [skills[skill] for skill in load.skills]
        # Proficiencies spread over 1 to 5 have a standard deviation of about 1.4.
        shown = (sum(levels) / len(levels) - 3) / 1.4 if levels else 0.0
        for topic in load.topics:
            own = key_of(key, key_of_text(f"{load.id}/{topic}"))
            talent = _blend(shown, normal(own, _TALENT), truth.skill_tells)
            seen = _blend(talent, normal(own, _RATING), truth.rating_tells)
            hidden[f"{load.id}/{topic}"] = talent
            ratings[topic] = round(min(5.0, max(1.0, 3.5 + 0.7 * seen)), 1)
    return hidden, ratings


def _blend(told: float, other: float, correlation: float) -> float:
    return float(correlation * told + (1 - correlation**2) ** 0.5 * other)


def _hire(workload: Workload, team: Team, number: int, place: int, seed: int) -> Staff:
    key = key_of(seed, key_of_text(team.id), number)
    agent_id = f"{team.id}-{number + 1}"
    skills = _levels(key_of(key, _SKILLS), team.skills)
    plans = [plan for plan in workload.shifts if not team.shifts or plan.id in team.shifts]
    talent, ratings = talents_of(workload, skills, key)
    ground = key_of(key, _GROUND)
    customers = workload.customers
    agent = Agent(
        agent_id=agent_id,
        name=agent_id,
        extension=str(10_000 + place),
        skills=skills,
        languages=_levels(key_of(key, _LANGUAGES), team.languages),
        seniority=_level(ground, 1, team.seniority),
        emotion_handling=_level(ground, 2, team.emotion_handling),
        ratings=ratings,
        regions=_known(ground, customers.regions, team.regions_known),
        products=_known(ground, customers.products, team.products_known),
        team=team.id,
        capacity=Capacity(
            slots={Channel(name): most for name, most in team.capacity.items() if most},
            apart=apart_of(workload.router),
        ),
    )
    return Staff(
        agent=agent,
        shift=shift_of(plans[number % len(plans)], key),
        number=place,
        talent=talent,
        pace=workload.truth.handle.pace * normal(key, _PACE),
    )


def _levels(key: int, spans: Mapping[str, Sequence[int]]) -> dict[str, int]:
    return {name: _level(key, key_of_text(name), span) for name, span in spans.items()}


def _level(key: int, what: int, span: Sequence[int]) -> int:
    low, high = min(span), max(span)
    return min(high, low + int(uniform(key, what) * (high - low + 1)))


def _known(key: int, names: Mapping[str, float], chance: float) -> frozenset[str]:
    return frozenset(name for name in names if uniform(key, key_of_text(name)) < chance)
