from router.simulation.compare import Played
from server.simulate.runs import run
from server.simulate.sources import Source
from tests.unit.router.simulation.rig import workload


def test_processes_change_nothing() -> None:
    source = Source(workload())
    seen: list[Played] = []
    alone = run(source, ["fifo", "rings"], [1, 2], days=1, done=seen.append, workers=1)
    assert [(one.seed, one.policy) for one in alone] == [
        (1, "fifo"), (1, "rings"), (2, "fifo"), (2, "rings"),
    ]  # fmt: skip
    assert seen == alone
    assert run(source, ["fifo", "rings"], [1, 2], days=1, done=seen.append, workers=2) == alone
