from pathlib import Path

import pytest

from config.load import load
from domain.errors import SimulationError
from router.policy import RouterPolicy
from router.simulation.arrivals_csv import COLUMNS, read_rows
from router.simulation.configured import centre_of, workload_of
from tests.house import ROOT

OFFICE = ROOT / "config" / "examples" / "small-office.yaml"
HEAD = ",".join(COLUMNS)


def office() -> RouterPolicy:
    return RouterPolicy.of(load(Path(OFFICE), look_up_secrets=False).configuration)


def test_agents_and_queues_of_a_configuration_are_those_of_the_centre() -> None:
    policy = office()
    rows = read_rows(f"{HEAD}\n1,voice,sales,en,3,offer,a,90\n", "day.csv")
    workload = workload_of("day", policy, rows)
    centre = centre_of(workload, policy, 1)
    assert set(centre.staff) == set(policy.agents)
    assert centre.queues == policy.queues
    assert set(centre.loads["sales"].topics) == {"offer"}
    anna = centre.staff["anna"]
    assert anna.agent.skills == policy.agents["anna"].agent.skills
    assert "sales/offer" in anna.talent
    assert centre.staff["branch"].agent.contact_uri is None


def test_too_many_topics_are_refused_with_their_place() -> None:
    lines = [f"1,voice,sales,en,3,t{number},a,90" for number in range(101)]
    rows = read_rows("\n".join([HEAD, *lines]), "day.csv")
    with pytest.raises(SimulationError, match=r"day.csv:102: topic: .* allowed: 100"):
        workload_of("day", office(), rows)
