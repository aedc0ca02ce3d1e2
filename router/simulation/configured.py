"""A centre with the agents and queues of a node's configuration, for a table of arrivals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from config.workload import (
    TOPICS_MAX,
    Audience,
    QueueLoad,
    Team,
    Topic,
    Workload,
    WorkShift,
)
from domain.errors import SimulationError
from router.policy import RouterPolicy
from router.simulation.arrivals_csv import Row
from router.simulation.centre import DAY_S, Centre, Shift, Staff, talents_of
from router.simulation.draws import key_of, key_of_text, normal

ALL_DAY: Final = Shift(0.0, DAY_S)
"""The hours of a configuration are those of weeks and time zones; here everybody is there."""
_PACE: Final = 1


def workload_of(name: str, policy: RouterPolicy, rows: Sequence[Row]) -> Workload:
    """Return the workload of a table: its topics, and what is usual of people.

    Args:
        name: As the report calls it.
        policy: Agents and queues.
        rows: The table.

    Raises:
        SimulationError: A queue has more topics than TOPICS_MAX.
    """
    topics: dict[str, dict[str, Topic]] = {queue_id: {} for queue_id in policy.queues}
    for row in rows:
        if row.topic is not None and row.queue in topics:
            topics[row.queue][row.topic] = Topic()
            if len(topics[row.queue]) > TOPICS_MAX:
                raise SimulationError(
                    f"{row.place}: topic: found one more of queue {row.queue}; "
                    f"allowed: {TOPICS_MAX}"
                )
    languages = {queue.language: 1.0 for queue in policy.queues.values()}
    return Workload(
        name=name,
        shape={"00:00": 1.0, "23:59": 1.0},
        queues=[
            QueueLoad(
                id=queue.id,
                share=1.0,
                topics=topics[queue.id] or {"other": Topic()},
                skills=queue.skills,
                priority=queue.priority,
            )
            for queue in policy.queues.values()
        ],
        teams=[Team(id="configured", agents=len(policy.agents), languages={"en": [1, 5]})],
        shifts=[WorkShift(id="day", begin="00:00", end="23:59", breaks_s=[])],
        customers=Audience(languages=languages),
        router=policy.weights,
    )


def centre_of(workload: Workload, policy: RouterPolicy, seed: int) -> Centre:
    """Return a centre with the agents and queues of a configuration.

    Only what nobody knows of them is drawn, and those without ratings are given what their
    talents would have earned.
    """
    staff: dict[str, Staff] = {}
    for number, (agent_id, one) in enumerate(policy.agents.items()):
        key = key_of(seed, key_of_text(agent_id))
        talent, ratings = talents_of(workload, one.agent.skills, key)
        staff[agent_id] = Staff(
            agent=replace(one.agent, ratings=ratings | dict(one.agent.ratings), contact_uri=None),
            shift=ALL_DAY,
            number=number,
            talent=talent,
            pace=workload.truth.handle.pace * normal(key, _PACE),
        )
    return Centre.with_staff(workload, policy.queues, staff, seed)
