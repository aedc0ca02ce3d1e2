"""Admission: bounded tables, and trunks that nobody can have banned."""

from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import Admission as AdmissionLimits
from config.schema import Trunk
from pbx.edge.admission import Admission, Verdict

SETTINGS = settings(deadline=None, derandomize=True, max_examples=100)
LIMITS = AdmissionLimits(
    sources_max=100, failures_before_ban=2, requests_per_source_burst=3, ban_s=100
)
TRUNK = Trunk.model_validate(
    {"id": "carrier", "addresses": ["10.0.0.0/30"], "numbers": ["800"], "calls_max": 3}
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["judge", "scan", "fail", "succeed", "malformed", "sweep", "call", "end"]),
        st.integers(0, 400),
        st.floats(0, 30),
    ),
    max_size=200,
)


@SETTINGS
@given(STEPS)
def test_tables_stay_bounded_and_trunks_are_heard(
    steps: list[tuple[str, int, float]],
) -> None:
    desk = Admission(LIMITS, [TRUNK], [], now_s=0.0)
    now_s, calls = 0.0, 0
    for act, number, wait_s in steps:
        now_s += wait_s
        host = f"10.0.{number >> 8}.{number & 255}"
        is_trunk = number < 4
        if act in {"judge", "scan"}:
            judgement = desk.judge(host, "sipcli" if act == "scan" else "", now_s=now_s)
            assert (judgement.verdict is Verdict.TRUNK) is is_trunk
            assert (judgement.trunk_id is not None) is is_trunk
            if act == "scan" and not is_trunk:
                assert judgement.verdict is Verdict.DROP
        elif act == "fail":
            assert not (desk.failed(host, now_s=now_s) and is_trunk)
        elif act == "succeed":
            desk.succeeded(host, now_s=now_s)
        elif act == "malformed":
            desk.malformed(host, now_s=now_s)
        elif act == "sweep":
            desk.sweep(now_s=now_s)
        elif act == "call":
            calls += desk.begin_call("carrier", "800", now_s=now_s) is None
        elif calls:
            desk.end_call("carrier")
            calls -= 1
        figures = desk.figures()
        assert figures.calls == {"carrier": calls}
        assert calls <= TRUNK.calls_max
        assert max(figures.sources, figures.banned, figures.proven) <= LIMITS.sources_max
        assert not (is_trunk and desk.is_banned(host, now_s=now_s))
