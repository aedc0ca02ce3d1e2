"""What the router must know of the configuration: agents, queues and weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.routing import Routing, Shift
from config.schema import AgentEntry, Configuration, QueueEntry
from domain.agent import Agent, language_proficiency
from domain.capacity import Capacity
from domain.contact import Channel
from domain.skill import SkillRequirement, meets


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPolicy:
    """One agent.

    Attributes:
        ready_on_register: READY instead of NOT_READY when the telephone registers.
        shifts: When he works; empty: whenever he is ready.
    """

    agent: Agent
    ready_on_register: bool = False
    shifts: tuple[Shift, ...] = ()

    @classmethod
    def of(
        cls, entry: AgentEntry, apart: frozenset[frozenset[Channel]] = frozenset()
    ) -> "AgentPolicy":
        """Return what the configuration says of one agent.

        Args:
            entry: His part of the configuration.
            apart: Pairs of channels that nobody serves at the same time.
        """
        return cls(
            agent=Agent(
                agent_id=entry.id,
                name=entry.name,
                extension=entry.extension,
                skills=dict(entry.skills),
                languages={str(tag): level for tag, level in entry.languages.items()},
                seniority=entry.seniority,
                emotion_handling=entry.emotion_handling,
                ratings=dict(entry.ratings),
                regions=frozenset(entry.regions),
                products=frozenset(entry.products),
                team=entry.team,
                capacity=Capacity(
                    slots={Channel(name): most for name, most in entry.capacity.items()},
                    apart=apart,
                ),
                contact_uri=entry.contact,
            ),
            ready_on_register=entry.ready_on_register,
            shifts=tuple(entry.shifts),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPolicy:
    """All that decides who serves whom. Replaced as a whole when the file is reloaded.

    Attributes:
        offer_s: How long an offer of a channel stands, seconds, where it is not the queue that
            says so.
    """

    agents: Mapping[str, AgentPolicy]
    queues: Mapping[str, QueueEntry]
    weights: Routing = field(default_factory=Routing)
    offer_s: Mapping[Channel, float] = field(default_factory=dict)

    @classmethod
    def of(cls, configuration: Configuration) -> "RouterPolicy":
        """Return the router's part of a configuration."""
        apart = frozenset(
            frozenset(Channel(name) for name in pair) for pair in configuration.router.exclusions
        )
        return cls(
            agents={entry.id: AgentPolicy.of(entry, apart) for entry in configuration.agents},
            queues={queue.id: queue for queue in configuration.queues},
            weights=configuration.router,
            offer_s={
                Channel(name): seconds
                for name, seconds in configuration.conversations.offer_s.items()
            },
        )

    def ring_s(self, queue: QueueEntry, channel: Channel) -> float:
        """Return how long an agent is asked before somebody else is, seconds."""
        return self.offer_s.get(channel, queue.ring_s)


def requirements_of(queue: QueueEntry) -> tuple[SkillRequirement, ...]:
    """Return the skills that contacts of this queue need, in order of name."""
    return tuple(
        SkillRequirement(skill=skill, proficiency_min=least)
        for skill, least in sorted(queue.skills.items())
    )


def may_serve(agent: Agent, queue: QueueEntry) -> bool:
    """Tell whether an agent has the language and every skill that a queue asks for at first."""
    speaks = language_proficiency(agent.languages, queue.language)
    return speaks >= queue.routing.language_min and all(
        meets(requirement, agent.skills) for requirement in requirements_of(queue)
    )
