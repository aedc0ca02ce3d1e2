"""What a workload assumes of people: what makes a contact succeed, what comes after, what fails.

No policy is told any of it. Each default is explained in docs/simulator.md; all of them are
assumptions of the usual size, and setting one to 0 shows what it is worth.
"""

from typing import Annotated

from pydantic import Field

from config.section import Section

Effect = Annotated[float, Field(ge=-5, le=5)]
Portion = Annotated[float, Field(ge=0, le=1)]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Resolution(Section):
    """Logit of the chance that a contact is resolved, as a sum."""

    base: Effect = 1.0
    """An agent of proficiency 3 in an ordinary matter: 73 of 100."""
    skill: Effect = 0.15
    """For each level of proficiency above 3, on average over the skills asked for."""
    talent: Effect = 0.45
    """For each standard deviation of the agent's hidden talent for the topic."""
    language: Effect = -0.15
    """For each level that his command of the customer's language falls short of 5."""
    product: Effect = 0.2
    """Where he knows the customer's product."""
    region: Effect = 0.1
    """Where he knows the customer's region."""
    familiarity: Effect = 0.4
    """Where he knows the customer as well as can be."""
    mood: Effect = -0.8
    """Where the customer is as angry as can be and the agent is no good at it."""
    calming: Portion = 0.75
    """How much of that an agent whose handling of emotion is 5 takes away."""
    repeat: Effect = -0.3
    """Where it was not resolved before: such matters are harder."""


class HandleTime(Section):
    """Logarithm of the factor on the time that a contact takes, as a sum."""

    skill: Effect = -0.05
    """For each level of proficiency above 3."""
    talent: Effect = -0.06
    """For each standard deviation of hidden talent."""
    language: Effect = 0.06
    """For each level that the language falls short of 5."""
    product: Effect = -0.06
    """Where the agent knows the product."""
    familiarity: Effect = -0.10
    """Where he knows the customer as well as can be."""
    mood: Effect = 0.15
    """Where the customer is as angry as can be."""
    repeat: Effect = 0.10
    """Where it was not resolved before."""
    pace: Annotated[float, Field(ge=0, le=1)] = 0.12
    """Standard deviation of an agent's own pace."""


class Truth(Section):
    """What really makes a contact succeed."""

    resolution: Resolution = Resolution()
    """Chance that it is resolved."""
    handle: HandleTime = HandleTime()
    """How long it takes."""
    skill_tells: Portion = 0.5
    """Correlation of an agent's talent for a topic with his configured proficiency: 1 hides
    nothing from a policy that reads skills."""
    rating_tells: Portion = 0.6
    """Correlation of his talent with what his ratings in the configuration say."""
    outcome_told: Portion = 0.6
    """Share of contacts whose outcome is told to the policy at their end."""
    mood_told: Portion = 0.5
    """Share of calls whose mood is heard while they wait."""
    return_share: Portion = 0.6
    """Share of unresolved contacts that come back with the same matter."""
    return_s: Annotated[float, Field(gt=0, le=864_000)] = 7_200.0
    """Median of the time until then."""
    redial_share: Portion = 0.5
    """Share of customers who gave up and try again."""
    redial_s: Annotated[float, Field(gt=0, le=864_000)] = 900.0
    """Median of the time until then."""
    attempts_max: Annotated[int, Field(ge=1, le=20)] = 4
    """After so many attempts a customer gives up for good."""


class Faults(Section):
    """What goes wrong."""

    no_answer: Portion = 0.02
    """Share of offers that an agent does not answer."""
    away_s: Annotated[float, Field(ge=0, le=7200)] = 60.0
    """After how long he is ready again then."""
    crashes_per_agent_day: Annotated[float, Field(ge=0, le=100)] = 0.05
    """How often an agent's telephone fails; calls on it are cut off."""
    crash_s: Annotated[float, Field(gt=0, le=7200)] = 120.0
    """How long it is gone."""
    dropped: Portion = 0.005
    """Share of calls that are cut off in the middle."""
    reloads: Annotated[list[Clock], Field(max_length=24)] = []
    """When the configuration is read again; every other time `removed` agents are gone."""
    removed: Annotated[int, Field(ge=0, le=100)] = 1
    """Agents missing from every other configuration."""
