"""The baselines: what is usually done, each as an order of the desk.

They read required skills, language, channel and priority. None of them reads a customer's profile,
but for the variant that is named so.
"""

from dataclasses import dataclass

from config.routing import Weights


@dataclass(frozen=True, slots=True)
class Fifo:
    """First come, first served, by the able agent who has been idle longest."""

    def place(self, priority: int, value: int) -> float:
        """Nobody goes before another."""
        return 0.0

    def rank(self, level: int, load: int, idle_since_s: float) -> tuple[float, ...]:
        """Return the least loaded first, then the longest idle."""
        return (load, idle_since_s)

    def opens_s(self, level: int) -> float:
        """Everybody is asked at once."""
        return 0.0


@dataclass(frozen=True, slots=True)
class SkillsGreedy:
    """Callers one by one in order of score, each by the best level, then by the longest idle.

    As FreeSWITCH's mod_callcenter does: a member's score is his wait and a base score, agents are
    tried by tier level and position and then by the strategy longest-idle-agent.

    Attributes:
        priority_s: Base score of one step of priority.
        value_s: Base score of one step of a customer's value; 0 unless the operator looks it up.
    """

    priority_s: float = Weights().priority_weight_s
    value_s: float = 0.0

    def place(self, priority: int, value: int) -> float:
        """Return the base score."""
        return self.priority_s * priority + self.value_s * (value - 1)

    def rank(self, level: int, load: int, idle_since_s: float) -> tuple[float, ...]:
        """Return the best level first, then the least loaded, then the longest idle."""
        return (level, load, idle_since_s)

    def opens_s(self, level: int) -> float:
        """Everybody is asked at once."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Rings:
    """Expanding rings (bullseye): the best are asked first, after each step the next best.

    Attributes:
        step_s: After so many seconds the next level is asked too.
        priority_s: Seconds of waiting that one step of priority is worth.
    """

    step_s: float = 10.0
    priority_s: float = Weights().priority_weight_s

    def place(self, priority: int, value: int) -> float:
        """Return what priority is worth."""
        return self.priority_s * priority

    def rank(self, level: int, load: int, idle_since_s: float) -> tuple[float, ...]:
        """Return, among those of the open rings, the least loaded and longest idle."""
        return (load, idle_since_s)

    def opens_s(self, level: int) -> float:
        """Return when the ring of this level opens."""
        return self.step_s * level
