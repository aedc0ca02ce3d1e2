"""Routing: what fits, what it is worth, and what is done when nobody fits.

Weights are seconds of waiting: a weight of 10 means that the solver lets a customer wait 10 s
longer to have it.
"""

from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, field_validator

from config.section import Section
from config.values import Identifier, Proficiency, TimeOfDay

ChannelName = Literal["voice", "chat", "message", "mail"]
WEIGHT_MAX: Final = 10_000
"""Nobody waits three hours to be served a little better; more is a slip of the pen."""

Weight = Annotated[float, Field(ge=0, le=WEIGHT_MAX)]


class Weights(Section):
    """What the solver's cost is made of, all in seconds of waiting."""

    wait_weight_per_s: Weight = 1.0
    """What one second of waiting is worth; 0 would forget who came first."""
    overdue_weight_per_s: Weight = 1.0
    """What each second beyond the queue's `service_level.target_s` is worth in addition, so that
    a promise about to be broken goes before one that is not."""
    priority_weight_s: Weight = 60.0
    """Seconds of waiting that one step of priority is worth."""
    value_weight_s: Weight = 120.0
    """Seconds of waiting that one step of a customer's value, 1 to 5, is worth: at 120 the most
    valuable customer goes before an ordinary one who came four minutes earlier, not before one
    who came five. Few customers are so valuable, so the others hardly notice."""
    proficiency_weight_s: Weight = 10.0
    """What each level is worth that an agent's proficiency in the skills asked for falls short
    of 5, on average over these skills: better agents first."""
    language_weight_s: Weight = 10.0
    """What each level is worth that an agent's command of the customer's language falls short
    of 5; as much as a skill, for whoever is not understood must call again."""
    region_weight_s: Weight = 10.0
    """What it is worth that an agent knows the customer's region."""
    product_weight_s: Weight = 25.0
    """What it is worth that an agent knows the customer's product."""
    rating_weight_s: Weight = 15.0
    """What each point is worth that an agent's rating in the contact's topic falls short of 5;
    without a rating he counts as the average of all."""
    seniority_weight_s: Weight = 8.0
    """What each level is worth that an agent's seniority falls short of what the contact asks
    for: as much as the customer's value, more when the same matter comes again."""
    emotion_weight_s: Weight = 10.0
    """What each level is worth that the handling of emotion falls short of 5, times how upset
    the customer is: once when uneasy, twice when upset, three times when angry."""
    familiarity_weight_s: Weight = 40.0
    """What it is worth that an agent knows the customer as well as can be: nobody has to repeat
    himself."""
    expectation_weight_s: Weight = 150.0
    """What the difference between no chance and certainty of a good outcome is worth, as the
    outcome model expects it; ten points of a hundred are then worth 15 s."""
    reserve_weight_s: Weight = 40.0
    """What it costs to take the only agent who could serve another queue; half of it where two
    could. Specialists are kept for those who need them."""
    idle_weight_per_s: Weight = 0.05
    """What one idle second of an agent is worth: among equals the longest idle goes first."""
    occupancy_weight_s: Weight = 30.0
    """What the difference between an agent without work and one without a pause is worth, so
    that the best are not worn out."""
    unserved_s: Weight = 600.0
    """What it is worth to serve one contact more, beyond its urgency. A pair that costs more is
    not made as long as the contact is not urgent enough; 0 lets the solver wait for a good one."""


WeightName = Literal[
    "wait_weight_per_s",
    "overdue_weight_per_s",
    "priority_weight_s",
    "value_weight_s",
    "proficiency_weight_s",
    "language_weight_s",
    "region_weight_s",
    "product_weight_s",
    "rating_weight_s",
    "seniority_weight_s",
    "emotion_weight_s",
    "familiarity_weight_s",
    "expectation_weight_s",
    "reserve_weight_s",
    "idle_weight_per_s",
    "occupancy_weight_s",
    "unserved_s",
]


class Relaxation(Section):
    """What a contact asks of an agent once it has waited a while."""

    after_s: Annotated[float, Field(gt=0, le=3600)]
    """Seconds of waiting after which this holds."""
    skills: dict[Identifier, Annotated[int, Field(ge=0, le=5)]] = {}
    """Proficiency now asked for, by skill of the queue; 0: no longer asked for."""
    language_min: Proficiency | None = None
    """Least command of the customer's language from now on; nothing: as before."""


class Ring(Section):
    """Agents whom a contact is offered to once it has waited a while."""

    after_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds of waiting after which this ring opens; earlier ones stay open."""
    teams: list[Identifier] = []
    """Teams in this ring."""
    agents: list[Identifier] = []
    """Agents in this ring; with neither teams nor agents it is everybody."""


Step = TypeVar("Step", Relaxation, Ring)


class Overflow(Section):
    """Another queue that takes over what waits too long."""

    queue: Identifier
    """The queue that takes over; the contact keeps its wait, its language and its prompts."""
    after_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Seconds of waiting after which a contact goes there."""


class TeamRule(Section):
    """A limit on how much of a team is busy with some queues at once."""

    id: Identifier
    """Name of the rule, as decisions tell it."""
    team: Identifier
    """The team it is about."""
    queues: Annotated[list[Identifier], Field(min_length=1)]
    """Queues it is about."""
    serving_max: Annotated[int, Field(ge=0, le=10_000)]
    """Agents of the team who may serve these queues at once; others of the team are kept for
    other queues."""


class Shift(Section):
    """Hours in which an agent works, every week."""

    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)
    ]
    """Days of the week on which the shift begins."""
    begin: TimeOfDay
    """Local time at which it begins, such as "08:30"."""
    end: TimeOfDay
    """Local time at which it ends; one before `begin` is on the next day."""


class Learning(Section):
    """What is learnt from outcomes: who solves what for whom."""

    enabled: bool = True
    """Whether expectations have part in the cost; outcomes are counted all the same."""
    control_share: Annotated[float, Field(ge=0.01, le=0.5)] = 0.1
    """Share of contacts routed without them, drawn by lot, so that their effect is measured all
    the time; a tenth costs little and shows within weeks what the model is worth."""
    load_gain_max: Annotated[float, Field(ge=0, le=1)] = 0.25
    """How much more than others the agents that the model prefers may be occupied, as a share;
    beyond it the expectation counts no longer for them."""
    half_life_days: Annotated[float, Field(ge=1, le=3650)] = 90.0
    """After so many days an outcome counts half: people learn, and products change."""


class Routing(Weights):
    """How the router decides: weights, which each queue may set otherwise, and rules for all."""

    decline_pause_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """A contact is not offered again to an agent who just declined or missed it."""
    channel_urgency: dict[ChannelName, Annotated[float, Field(ge=0, le=10)]] = {
        "voice": 1.0,
        "chat": 0.5,
        "message": 0.2,
        "mail": 0.02,
    }
    """How urgent a second of waiting is in each channel, times `wait_weight_per_s` and
    `overdue_weight_per_s`: a call cannot wait, a mail may."""
    exclusions: list[Annotated[list[ChannelName], Field(min_length=2, max_length=2)]] = [
        ["voice", "chat"],
        ["voice", "message"],
    ]
    """Pairs of channels that one agent never serves at the same time; mails may lie open beside
    a call."""
    team_rules: Annotated[list[TeamRule], Field(max_length=50)] = []
    """Limits on how much of a team is busy with some queues at once."""
    learning: Learning = Learning()
    """What is learnt from outcomes."""
    timezone: str = "UTC"
    """IANA name of the time zone of `agents.shifts`, such as Europe/Berlin or Asia/Shanghai."""


class QueueRouting(Section):
    """How contacts of one queue find an agent."""

    weights: dict[WeightName, Weight] = {}
    """Weights of this queue where they differ from those of `router`, by the same names."""
    language_min: Proficiency = 1
    """Least command of the customer's language, 1 to 5."""
    relax: Annotated[list[Relaxation], Field(max_length=20)] = []
    """What is asked for after a while, in order of time: "French at least 4 for 30 s, then at
    least 3"."""
    rings: Annotated[list[Ring], Field(max_length=20)] = []
    """Who is asked first, and who after a while; empty: everybody from the beginning."""
    preferred_s: Annotated[float, Field(ge=0, le=600)] = 15.0
    """How long a contact is held for the agent it prefers, if he is present and not free just
    now; 0: not at all."""
    overflow: Overflow | None = None
    """Another queue that takes over what waits too long."""

    @field_validator("relax", "rings", mode="after")
    @classmethod
    def _in_order(cls, steps: list[Step]) -> list[Step]:
        times = [step.after_s for step in steps]
        if times != sorted(set(times)):
            told = ", ".join(f"{time:g}" for time in times)
            raise ValueError(f"after_s must grow from step to step, not {told}")
        return steps

    @field_validator("rings", mode="after")
    @classmethod
    def _at_once(cls, rings: list[Ring]) -> list[Ring]:
        if rings and rings[0].after_s > 0:
            raise ValueError(f"the first must begin at 0, not {rings[0].after_s:g} s")
        return rings


class Skilled(Section):
    """What of an agent decides whom he serves, beside skills and languages."""

    team: Identifier | None = None
    """The team he belongs to, for `rings` and `team_rules`."""
    seniority: Proficiency = 3
    """Experience, 1 to 5: for customers of value and matters that come again."""
    emotion_handling: Proficiency = 3
    """How well he calms somebody who is upset, 1 to 5. About his skill, never about his mood."""
    ratings: dict[Identifier, Annotated[float, Field(ge=1, le=5)]] = {}
    """What customers give him, by topic, 1 to 5."""
    regions: list[Identifier] = []
    """Regions he knows."""
    products: list[Identifier] = []
    """Products he knows."""
    capacity: dict[ChannelName, Annotated[int, Field(ge=0, le=50)]] = {
        "voice": 1,
        "chat": 3,
        "message": 3,
        "mail": 5,
    }
    """Contacts he may serve at once, by channel; `router.exclusions` says what goes together."""
    shifts: Annotated[list[Shift], Field(max_length=30)] = []
    """When he works; outside nothing new is offered to him. Empty: whenever he is ready."""
