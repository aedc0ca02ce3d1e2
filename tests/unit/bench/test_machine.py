from bench.machine import MachineShare, MachineTime

STAT = """\
cpu  100 10 50 700 20 0 20 100 0 0
cpu0 50 5 25 350 10 0 10 50 0 0
"""


def test_the_first_line_is_of_all_processors() -> None:
    assert MachineTime.parse(STAT) == MachineTime(total=1_000, idle=720, stolen=100)


def test_shares_are_of_the_time_between() -> None:
    share = MachineTime(2_000, 920, 150).since(MachineTime(1_000, 720, 100))
    assert share == MachineShare(idle_percent=20.0, stolen_percent=5.0)


def test_no_time_has_no_shares() -> None:
    now = MachineTime.parse(STAT)
    assert now.since(now) == MachineShare(idle_percent=0.0, stolen_percent=0.0)


def test_this_machine_tells() -> None:
    assert 0 < MachineTime.now().idle <= MachineTime.now().total
