import pytest

from config.schema import Admission as AdmissionLimits
from config.schema import Digest, Trunk
from config.secret import Secret
from pbx.edge.admission import (
    PROVEN_FAILURES_FACTOR,
    PROVEN_REQUESTS_FACTOR,
    SCANNERS,
    TRUNK_CACHE_MAX,
    TRUNK_REQUESTS_PER_CALL,
    Admission,
    Judgement,
    Verdict,
    source_of,
)

STRANGER = "203.0.113.9"
CARRIER = "198.51.100.5"
LIMITS = AdmissionLimits(
    requests_per_source_per_s=2,
    requests_per_source_burst=4,
    trunk_calls_per_s=3,
    failures_before_ban=3,
    failure_window_s=60,
    ban_s=600,
    sources_max=100,
)
NAMED = Digest(username="carrier", password=Secret(env="X"))


def trunk(**fields: object) -> Trunk:
    return Trunk.model_validate({"id": "carrier", "addresses": ["198.51.100.0/24"], **fields})


def admission(*trunks: Trunk, numbers: tuple[str, ...] = ("+4930123", "800")) -> Admission:
    return Admission(LIMITS, trunks or (trunk(),), numbers, now_s=0.0)


def test_a_stranger_is_challenged_whatever_he_asks_for() -> None:
    assert admission().judge(STRANGER, "Phone/1.0", now_s=0.0) == Judgement(
        verdict=Verdict.CHALLENGE, reason="challenge"
    )


@pytest.mark.parametrize("host", [CARRIER, "::ffff:198.51.100.5"])
def test_a_trunk_is_known_by_its_address(host: str) -> None:
    assert admission().judge(host, "", now_s=0.0) == Judgement(
        verdict=Verdict.TRUNK, reason="trunk", trunk_id="carrier"
    )


def test_the_narrowest_network_decides() -> None:
    wide = trunk(id="wide", addresses=["198.51.0.0/16", "2001:db8::/32"])
    narrow = trunk(id="narrow", addresses=["198.51.100.4/30"])
    desk = admission(wide, narrow)
    assert desk.judge(CARRIER, "", now_s=0.0).trunk_id == "narrow"
    assert desk.judge("198.51.100.9", "", now_s=0.0).trunk_id == "wide"
    assert desk.judge("2001:db8::1%eth0", "", now_s=0.0).trunk_id == "wide"


def test_a_trunk_with_a_password_must_show_it() -> None:
    both = trunk(id="both", digest=NAMED)
    anywhere = trunk(id="anywhere", addresses=[], digest=Digest(username="x", password=Secret()))
    desk = admission(both, anywhere)
    assert desk.judge(CARRIER, "", now_s=0.0).verdict is Verdict.CHALLENGE
    assert desk.trunk_for("carrier", CARRIER) == "both"
    assert desk.trunk_for("carrier", STRANGER) is None
    assert desk.trunk_for("x", STRANGER) == "anywhere"
    assert desk.trunk_for("anna", STRANGER) is None


def test_a_source_has_a_rate() -> None:
    desk = admission()
    verdicts = [desk.judge(STRANGER, "", now_s=0.0).verdict for _ in range(6)]
    assert verdicts == [Verdict.CHALLENGE] * 4 + [Verdict.DROP] * 2
    assert desk.judge(STRANGER, "", now_s=0.5).verdict is Verdict.CHALLENGE
    assert desk.judge("203.0.113.10", "", now_s=0.5).verdict is Verdict.CHALLENGE
    assert desk.figures().counted["source_rate"] == 2


def test_a_trunk_has_a_rate_of_its_own() -> None:
    desk = admission()
    verdicts = [desk.judge(CARRIER, "", now_s=0.0).verdict for _ in range(61)]
    assert verdicts.count(Verdict.TRUNK) == 60
    assert desk.figures().counted["trunk_requests_rate"] == 1


@pytest.mark.parametrize("name", SCANNERS)
def test_a_scanner_is_dropped_and_banned(name: str) -> None:
    desk = admission()
    assert desk.judge(STRANGER, f"X {name.upper()}/1.2", now_s=0.0).verdict is Verdict.DROP
    assert desk.is_banned(STRANGER, now_s=599.0)
    assert desk.judge(STRANGER, "Phone", now_s=599.0).reason == "banned"
    assert not desk.is_banned(STRANGER, now_s=600.0)
    assert desk.judge(STRANGER, "Phone", now_s=600.0).verdict is Verdict.CHALLENGE


def test_a_name_that_only_contains_a_scanners_is_none() -> None:
    desk = admission()
    for name in ("SmapPhone/2", "Piwarski SIP", "Linphone/4.4 (belle-sip)", "eyeBeam release"):
        assert desk.judge(STRANGER, name, now_s=0.0).verdict is Verdict.CHALLENGE


def test_failures_within_the_window_ban() -> None:
    desk = admission()
    assert [desk.failed(STRANGER, now_s=now_s) for now_s in (0.0, 1.0, 2.0)] == [False, False, True]
    assert desk.is_banned(STRANGER, now_s=3.0)
    assert desk.figures().banned == 1


def test_failures_of_another_window_are_forgotten() -> None:
    desk = admission()
    times_s = (0.0, 1.0, 61.0, 62.0)
    assert not any(desk.failed(STRANGER, now_s=now_s) for now_s in times_s)


def test_a_trunk_is_never_banned() -> None:
    desk = admission()
    assert not any(desk.failed(CARRIER, now_s=0.0) for _ in range(100))
    assert desk.judge(CARRIER, "friendly-scanner", now_s=0.0).verdict is Verdict.TRUNK
    assert not desk.is_banned(CARRIER, now_s=0.0)


def test_a_source_that_becomes_a_trunk_is_no_longer_banned() -> None:
    desk = admission()
    desk.judge(STRANGER, "sipvicious", now_s=0.0)
    assert desk.is_banned(STRANGER, now_s=1.0)
    desk.reload([trunk(addresses=[f"{STRANGER}/32"])], ["800"], now_s=1.0)
    assert not desk.is_banned(STRANGER, now_s=1.0)
    assert desk.judge(STRANGER, "", now_s=1.0).verdict is Verdict.TRUNK


def test_an_office_behind_one_address_is_banned_later() -> None:
    desk = admission()
    desk.succeeded(STRANGER, now_s=0.0)
    assert desk.judge(STRANGER, "sipvicious", now_s=1.0).verdict is Verdict.DROP
    assert not desk.is_banned(STRANGER, now_s=1.0)
    failures = [desk.failed(STRANGER, now_s=2.0) for _ in range(3 * PROVEN_FAILURES_FACTOR)]
    assert failures.index(True) == 3 * PROVEN_FAILURES_FACTOR - 1


def test_a_proof_ends() -> None:
    desk = admission()
    desk.succeeded(STRANGER, now_s=0.0)
    desk.judge(STRANGER, "sipvicious", now_s=600.0)
    assert desk.is_banned(STRANGER, now_s=600.0)


def test_what_cannot_be_parsed_costs_a_token_and_never_bans() -> None:
    desk = admission()
    assert [desk.malformed(STRANGER, now_s=0.0) for _ in range(5)] == [True] * 4 + [False]
    assert desk.judge(STRANGER, "", now_s=0.0).reason == "source_rate"
    assert not desk.is_banned(STRANGER, now_s=0.0)
    assert desk.malformed(CARRIER, now_s=0.0)
    assert desk.figures().counted["malformed"] == 6


def test_a_trunk_may_bring_the_numbers_of_the_queues() -> None:
    desk = admission()
    assert desk.begin_call("carrier", "+49 (30) 1-2.3", now_s=0.0) is None
    refusal = desk.begin_call("carrier", "+1900555", now_s=0.0)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (404, "Not Found")


def test_a_trunk_that_names_its_numbers_may_bring_no_others() -> None:
    desk = admission(trunk(numbers=["800"]))
    assert desk.begin_call("carrier", "800", now_s=0.0) is None
    assert desk.begin_call("carrier", "+4930123", now_s=0.0) is not None


def test_calls_of_a_trunk_have_a_rate() -> None:
    desk = admission()
    refusals = [desk.begin_call("carrier", "800", now_s=0.0) for _ in range(4)]
    assert refusals[:3] == [None] * 3
    assert refusals[3] is not None
    assert (refusals[3].status, refusals[3].retry_after_s) == (503, 1)
    assert desk.begin_call("carrier", "800", now_s=1.0) is None


def test_calls_of_a_trunk_have_a_limit() -> None:
    desk = admission(trunk(calls_max=2))
    assert [desk.begin_call("carrier", "800", now_s=0.0) for _ in range(2)] == [None, None]
    refusal = desk.begin_call("carrier", "800", now_s=0.0)
    assert refusal is not None
    assert refusal.reason == "Trunk Call Limit"
    desk.end_call("carrier")
    assert desk.begin_call("carrier", "800", now_s=1.0) is None
    assert desk.figures().calls == {"carrier": 2}


def test_a_call_of_a_trunk_that_is_gone_is_refused_and_its_end_harmless() -> None:
    desk = admission()
    desk.begin_call("carrier", "800", now_s=0.0)
    desk.reload([], ["800"], now_s=1.0)
    refusal = desk.begin_call("carrier", "800", now_s=1.0)
    assert refusal is not None
    assert refusal.status == 403
    desk.end_call("carrier")
    desk.end_call("nobody")


def test_a_reload_keeps_count_of_running_calls() -> None:
    desk = admission()
    desk.begin_call("carrier", "800", now_s=0.0)
    desk.reload([trunk(calls_max=1)], ["800"], now_s=1.0)
    assert desk.begin_call("carrier", "800", now_s=1.0) is not None


def test_tables_are_bounded() -> None:
    desk = admission()
    for number in range(TRUNK_CACHE_MAX + 10):
        host = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        desk.judge(host, "", now_s=0.0)
        desk.failed(host, now_s=0.0)
        desk.judge(host, "sipvicious", now_s=0.0)
        desk.succeeded(host, now_s=0.0)
        desk.judge(f"11.0.{number >> 8}.{number & 255}", "", now_s=0.0)
    figures = desk.figures()
    assert (figures.sources, figures.banned, figures.proven) == (100, 100, 100)
    assert len(desk._trunk_cache) == TRUNK_CACHE_MAX
    assert figures.counted["source_forgotten"] > 0
    assert figures.counted["ban_forgotten"] > 0
    assert figures.counted["proven_forgotten"] > 0


def test_a_flood_of_sources_does_not_lift_a_ban() -> None:
    desk = admission()
    desk.judge(STRANGER, "sipvicious", now_s=0.0)
    for number in range(1_000):
        desk.judge(f"10.0.{number >> 8}.{number & 255}", "", now_s=0.0)
    assert desk.is_banned(STRANGER, now_s=1.0)


def test_a_sweep_forgets_what_has_ended() -> None:
    desk = admission()
    desk.judge(STRANGER, "sipvicious", now_s=0.0)
    desk.judge("203.0.113.10", "sipvicious", now_s=100.0)
    desk.succeeded("203.0.113.11", now_s=0.0)
    desk.sweep(now_s=600.0)
    assert (desk.figures().banned, desk.figures().proven) == (1, 0)


def test_a_source_is_an_address_or_an_ipv6_prefix() -> None:
    assert source_of("192.0.2.7") == "192.0.2.7"
    assert source_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert source_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert source_of("fe80::1%eth0") == "fe80::/64"


def verdicts(desk: Admission, host: str, requests: int, *, now_s: float = 0.0) -> list[Verdict]:
    return [desk.judge(host, "", now_s=now_s).verdict for _ in range(requests)]


def test_a_pbx_that_the_configuration_calls_may_speak_as_often_as_a_trunk() -> None:
    desk = admission()
    desk.set_peers([STRANGER], now_s=0.0)
    limit = int(LIMITS.trunk_calls_per_s * TRUNK_REQUESTS_PER_CALL)
    assert verdicts(desk, STRANGER, limit + 1) == [Verdict.CHALLENGE] * limit + [Verdict.DROP]
    for _ in range(10 * LIMITS.failures_before_ban):
        assert not desk.failed(STRANGER, now_s=1.0)
    assert not desk.is_banned(STRANGER, now_s=1.0)
    desk.set_peers([], now_s=1.0)
    burst = LIMITS.requests_per_source_burst
    assert verdicts(desk, STRANGER, burst + 1, now_s=1.0)[-1] is Verdict.DROP


def test_an_office_that_has_proved_a_password_may_speak_more_often_for_a_while() -> None:
    desk = admission()
    desk.succeeded(STRANGER, now_s=0.0)
    limit = PROVEN_REQUESTS_FACTOR * LIMITS.requests_per_source_burst
    assert verdicts(desk, STRANGER, limit + 1) == [Verdict.CHALLENGE] * limit + [Verdict.DROP]
    late_s = float(LIMITS.ban_s)
    burst = LIMITS.requests_per_source_burst
    assert verdicts(desk, STRANGER, burst + 1, now_s=late_s)[-1] is Verdict.DROP
