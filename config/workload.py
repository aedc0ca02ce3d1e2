"""What a workload may say: a day of a contact centre that does not exist, for `sim`.

Shares are weights beside each other and need not add up to 1. Each default of a number about
people is explained in docs/simulator.md.
"""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from config.routing import ChannelName, QueueRouting, Routing
from config.schema import ServiceLevel
from config.section import Section
from config.values import Identifier, Proficiency
from config.workload_truth import Faults, Truth

CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
AGENTS_MAX: Final = 5_000
"""Agents of all teams; a simulated day of more takes longer than the real one is worth."""
TOPICS_MAX: Final = 100
"""Topics of one queue."""

Clock = Annotated[str, Field(pattern=CLOCK)]
Share = Annotated[float, Field(gt=0, le=1e6)]
Portion = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=864_000)]
Span = Annotated[list[Proficiency], Field(min_length=2, max_length=2)]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]


class ChannelLoad(Section):
    """How customers of one channel behave."""

    patience_s: Seconds = 300.0
    """Median of the time after which a customer who waits gives up."""
    patience_shape: Annotated[float, Field(gt=0.1, le=10)] = 1.0
    """Shape of the Weibull distribution of patience; 1 is the exponential one."""
    handle_sigma: Annotated[float, Field(ge=0, le=2)] = 0.5
    """Spread of handle times: standard deviation of their logarithm."""
    handle_factor: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How much longer than by telephone a topic takes in this channel."""
    side_by_side: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How much longer a contact takes for each other contact that the agent has open."""


class Topic(Section):
    """What customers of a queue want."""

    share: Share = 1.0
    """How often, beside the other topics of the queue."""
    handle_s: Seconds = 240.0
    """Median of the time that it takes an average agent by telephone, without wrap-up."""
    difficulty: Annotated[float, Field(ge=-3, le=3)] = 0.0
    """How much harder than usual it is to resolve, in units of the logit."""


class QueueLoad(Section):
    """A queue and what arrives in it."""

    id: Identifier
    """Name of the queue."""
    share: Share
    """How many of all contacts arrive here, beside the other queues."""
    channels: Annotated[dict[ChannelName, Share], Field(min_length=1)] = {"voice": 1.0}
    """How they arrive."""
    topics: Annotated[dict[Identifier, Topic], Field(min_length=1, max_length=TOPICS_MAX)]
    """What they are about."""
    skills: dict[Identifier, Proficiency] = {}
    """What an agent must be able to do, and at least how well."""
    priority: Annotated[int, Field(ge=0, le=10)] = 0
    """Higher goes first."""
    service_level: ServiceLevel = ServiceLevel()
    """What the figures are measured against."""
    ring_s: Annotated[float, Field(ge=1, le=120)] = 20.0
    """How long an agent is rung."""
    wrap_up_s: Annotated[float, Field(ge=0, le=3600)] = 15.0
    """After-contact work."""
    waiting_max: Annotated[int, Field(ge=1, le=10_000)] = 2_000
    """Contacts that may wait at once."""
    wait_s_max: Annotated[float, Field(ge=1, le=864_000)] = 3600.0
    """Longest wait; then the contact is released."""
    routing: QueueRouting = QueueRouting()
    """As in the configuration: relaxation, rings, overflow, weights."""


class Team(Section):
    """Agents who are drawn from the same urn."""

    id: Identifier
    """Name of the team; its agents are called ID-1, ID-2 and so on."""
    agents: Annotated[int, Field(ge=1, le=AGENTS_MAX)]
    """How many."""
    skills: dict[Identifier, Span] = {}
    """Proficiency by skill, from the least to the greatest of the team."""
    languages: Annotated[dict[Tag, Span], Field(min_length=1)]
    """Command of languages, likewise."""
    seniority: Span = [1, 5]
    """Experience, likewise."""
    emotion_handling: Span = [1, 5]
    """How well they calm people, likewise."""
    products_known: Portion = 0.5
    """Chance that one of them knows a product."""
    regions_known: Portion = 0.5
    """Chance that one of them knows a region."""
    capacity: dict[ChannelName, Annotated[int, Field(ge=0, le=50)]] = {
        "voice": 1,
        "chat": 3,
        "message": 3,
        "mail": 5,
    }
    """Contacts that one of them may serve at once."""
    shifts: list[Identifier] = []
    """Shifts among which they are spread evenly; empty: all."""


class WorkShift(Section):
    """When an agent is there."""

    id: Identifier
    """Name of the shift."""
    begin: Clock
    """When it begins."""
    end: Clock
    """When it ends, later on the same day."""
    breaks_s: list[Annotated[float, Field(gt=0, le=7200)]] = [900.0, 1800.0, 900.0]
    """Breaks, spread over the shift."""

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if seconds_of(self.end) - seconds_of(self.begin) <= sum(self.breaks_s):
            raise ValueError(
                f"from {self.begin} to {self.end} there must be more time than for breaks"
            )
        return self


class Audience(Section):
    """The customers."""

    count: Annotated[int, Field(ge=1, le=10_000_000)] = 50_000
    """How many there are; fewer come back more often."""
    languages: Annotated[dict[Tag, Share], Field(min_length=1)] = {"en": 1.0}
    """What they speak."""
    values: Annotated[dict[Annotated[int, Field(ge=1, le=5)], Share], Field(min_length=1)] = {
        1: 55,
        2: 25,
        3: 12,
        4: 6,
        5: 2,
    }
    """How many are of each value tier."""
    products: dict[Identifier, Share] = {}
    """What they have."""
    regions: dict[Identifier, Share] = {}
    """Where they live."""
    known: Portion = 0.85
    """Share whose profile is found; of others only the language is known."""
    opted_out: Portion = 0.05
    """Share who do not want to be profiled."""
    history: Portion = 0.3
    """Share who know an agent from before the first day."""


class Workload(Section):
    """A day of a contact centre."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    """As the report calls it."""
    contacts_per_day: Annotated[float, Field(gt=0, le=1_000_000)] = 1_000.0
    """Expected number of contacts that are not repeated ones."""
    shape: Annotated[dict[Clock, Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=2)]
    """Rate of arrival by time of day, in any unit; straight lines between the times, nothing
    before the first and after the last."""
    channels: dict[ChannelName, ChannelLoad] = {}
    """How customers of each channel behave."""
    queues: Annotated[list[QueueLoad], Field(min_length=1, max_length=200)]
    """Queues and what arrives in them."""
    teams: Annotated[list[Team], Field(min_length=1, max_length=200)]
    """Agents."""
    shifts: Annotated[list[WorkShift], Field(min_length=1, max_length=50)]
    """When agents are there."""
    customers: Audience = Audience()
    """Who comes."""
    truth: Truth = Truth()
    """What really makes a contact succeed; no policy is told."""
    faults: Faults = Faults()
    """What goes wrong."""
    router: Routing = Routing()
    """Weights of the router, as in the configuration."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        times = [seconds_of(clock) for clock in self.shape]
        if times != sorted(times) or not sum(self.shape.values()):
            raise ValueError("shape: times must grow, and one rate at least must be over 0")
        for what, names in (
            ("queues", [queue.id for queue in self.queues]),
            ("teams", [team.id for team in self.teams]),
            ("shifts", [shift.id for shift in self.shifts]),
        ):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"{what}: {', '.join(sorted(twice))} stands there twice")
        known = {shift.id for shift in self.shifts}
        for team in self.teams:
            if unknown := set(team.shifts) - known:
                raise ValueError(f"team {team.id}: no shift {', '.join(sorted(unknown))}")
        people = sum(team.agents for team in self.teams)
        if people > AGENTS_MAX:
            raise ValueError(f"teams: {people} agents, at most {AGENTS_MAX}")
        return self

    def channel(self, name: ChannelName) -> ChannelLoad:
        """Return how customers of a channel behave, the usual way where nothing is said."""
        return self.channels.get(name) or USUAL[name]


USUAL: Final[dict[str, ChannelLoad]] = {
    "voice": ChannelLoad(patience_s=210, patience_shape=1.2, handle_sigma=0.6),
    "chat": ChannelLoad(
        patience_s=300, patience_shape=1.2, handle_sigma=0.5, handle_factor=1.5, side_by_side=0.25
    ),
    "message": ChannelLoad(
        patience_s=7_200, handle_sigma=0.5, handle_factor=1.2, side_by_side=0.25
    ),
    "mail": ChannelLoad(patience_s=172_800, handle_sigma=0.5, handle_factor=1.5, side_by_side=0.25),
}
"""How customers of each channel usually behave."""


def seconds_of(clock: str) -> float:
    """Return the seconds after midnight of a time such as "08:30"."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 3_600.0 + int(minutes) * 60.0
