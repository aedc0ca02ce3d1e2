import re

import pytest

from domain.errors import SipError
from pbx.sip.digest import (
    COUNT_WINDOW,
    CREDENTIALS_CHARACTERS_MAX,
    DigestReason,
    DigestVerifier,
    authorize,
    ha1,
)
from tests.unit.pbx.clock import ManualClock

REALM = "pbx.example.com"
URI = f"sip:{REALM}"
PASSWORDS = {"anna": "geheim", 'o"brien\\': "x"}


def lookup(username: str, algorithm: str) -> str | None:
    password = PASSWORDS.get(username)
    return None if password is None else ha1(username, REALM, password, algorithm)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def verifier(clock: ManualClock) -> DigestVerifier:
    return DigestVerifier(
        realm=REALM, clock=clock, nonce_lifetime_s=300, lookup=lookup, secret=b"k" * 32
    )


def credentials(challenge: str, *, count: int = 1, username: str = "anna", **other: str) -> str:
    return authorize(
        challenge,
        method=other.get("method", "REGISTER"),
        uri=other.get("uri", URI),
        username=username,
        password=other.get("password", PASSWORDS.get(username, "?")),
        cnonce="0a4f113b",
        count=count,
    )


def test_the_example_of_rfc_7616() -> None:
    # RFC 7616 section 3.9.1.
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        value = authorize(
            challenge.format(algorithm),
            method="GET",
            uri="/dir/index.html",
            username="Mufasa",
            password="Circle of Life",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        assert f'response="{response}"' in value


def test_a_challenge_offers_the_stronger_algorithm_first(verifier: DigestVerifier) -> None:
    first, second = verifier.challenges()
    assert "algorithm=SHA-256" in first
    assert "algorithm=MD5" in second
    for challenge in (first, second):
        assert challenge.startswith(f'Digest realm="{REALM}", nonce="')
        assert 'qop="auth"' in challenge
        assert "stale" not in challenge
    assert all(each.endswith("stale=true") for each in verifier.challenges(stale=True))


def test_an_algorithm_that_is_not_offered_is_not_accepted(clock: ManualClock) -> None:
    strict = DigestVerifier(
        realm=REALM, clock=clock, nonce_lifetime_s=300, lookup=lookup, algorithms=["SHA-256"]
    )
    [challenge] = strict.challenges()
    assert strict.verify(credentials(challenge), "REGISTER", URI).username == "anna"
    weaker = credentials(challenge.replace("SHA-256", "MD5"), count=2)
    assert strict.verify(weaker, "REGISTER", URI).reason is DigestReason.ALGORITHM


def test_nonces_differ(verifier: DigestVerifier) -> None:
    assert verifier.challenges() != verifier.challenges()


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("username", list(PASSWORDS))
def test_the_right_password_is_accepted(
    verifier: DigestVerifier, index: int, username: str
) -> None:
    value = credentials(verifier.challenges()[index], username=username)
    verdict = verifier.verify(value, "REGISTER", URI)
    assert verdict.username == username
    assert (verdict.stale, verdict.reason) == (False, DigestReason.ACCEPTED)


@pytest.mark.parametrize(
    ("signed", "requested", "reason"),
    [
        (URI, f"{URI};transport=tcp", DigestReason.ACCEPTED),
        (URI, f"sip:{REALM.upper()}:5060", DigestReason.ACCEPTED),
        (f"sip:100@{REALM}", f"sip:100@{REALM};user=phone", DigestReason.ACCEPTED),
        (f"sip:100@{REALM}", f"sip:200@{REALM}", DigestReason.URI),
        (URI, "sip:other.example.com", DigestReason.URI),
        (URI, f"{URI}:5080", DigestReason.URI),
        ("sip:[2001:db8::1]", "sip:[2001:DB8::1]:5060", DigestReason.ACCEPTED),
    ],
)
def test_credentials_hold_for_the_resource_they_were_made_for(
    verifier: DigestVerifier, signed: str, requested: str, reason: DigestReason
) -> None:
    value = credentials(verifier.challenges()[1], uri=signed)
    assert verifier.verify(value, "REGISTER", requested).reason is reason


def test_credentials_hold_for_the_method_they_were_made_for(verifier: DigestVerifier) -> None:
    value = credentials(verifier.challenges()[1], method="REGISTER")
    assert verifier.verify(value, "INVITE", URI).reason is DigestReason.REJECTED


def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(
    verifier: DigestVerifier,
) -> None:
    wrong = credentials(verifier.challenges()[1], password="wrong")
    unknown = credentials(verifier.challenges()[1], username="nobody")
    assert verifier.verify(wrong, "REGISTER", URI) == verifier.verify(unknown, "REGISTER", URI)
    assert verifier.verify(wrong, "REGISTER", URI).reason is DigestReason.REJECTED
    assert verifier.nonces_counted == 0


@pytest.mark.parametrize(
    ("pattern", "replacement", "reason"),
    [
        (r"^Digest", "Basic", DigestReason.MALFORMED),
        (r"^Digest .*", "Digest", DigestReason.MALFORMED),
        (r'cnonce="', 'cnonce="' + "x" * CREDENTIALS_CHARACTERS_MAX, DigestReason.MALFORMED),
        (r'realm="[^"]*"', 'realm="elsewhere"', DigestReason.REALM),
        (r"algorithm=MD5", "algorithm=MD5-sess", DigestReason.ALGORITHM),
        (r"algorithm=MD5", "algorithm=SHA-512-256", DigestReason.ALGORITHM),
        (r"qop=auth, ", "", DigestReason.QOP),
        (r"qop=auth", "qop=auth-int", DigestReason.QOP),
        (r"qop=auth", 'qop="auth"', DigestReason.ACCEPTED),
        (r"algorithm=MD5, ", "", DigestReason.ACCEPTED),
        (r"algorithm=MD5", 'algorithm="md5"', DigestReason.ACCEPTED),
        (r"nc=00000001", "nc=1", DigestReason.MALFORMED),
        (r"nc=00000001, ", "", DigestReason.MALFORMED),
        (r'cnonce="[^"]*", ', "", DigestReason.MALFORMED),
        (r'response="[^"]*"', 'response=""', DigestReason.MALFORMED),
        (r'response="[^"]*"', 'response="zz"', DigestReason.MALFORMED),
        (r'response="[^"]*"', 'response="00"', DigestReason.REJECTED),
        (r'username="[^"]*"', 'username=""', DigestReason.MALFORMED),
        (r'username="[^"]*"', 'username="anna', DigestReason.MALFORMED),
        (r'nonce="[^"]*", uri', 'nonce="abc", uri', DigestReason.NONCE_FOREIGN),
        (r'nonce="[^"]*", uri', 'nonce="ü", uri', DigestReason.NONCE_FOREIGN),
        (r'nonce="[^"]*", uri', 'nonce="AAAA", uri', DigestReason.NONCE_FOREIGN),
    ],
)
def test_a_changed_field_is_judged_by_name(
    verifier: DigestVerifier, pattern: str, replacement: str, reason: DigestReason
) -> None:
    value = credentials(verifier.challenges()[1])
    assert ", nc=00000001, opaque" in value
    if pattern.startswith("nc=") and not replacement:
        pattern = "nc=00000001, "
    changed = re.sub(pattern, lambda _: replacement, value, count=1)
    assert changed != value
    assert verifier.verify(changed, "REGISTER", URI).reason is reason


def test_an_expired_nonce_is_stale_for_who_knows_the_password(
    verifier: DigestVerifier, clock: ManualClock
) -> None:
    challenge = verifier.challenges()[1]
    clock.advance(300)
    assert verifier.verify(credentials(challenge), "REGISTER", URI).username == "anna"
    clock.advance(1)
    verdict = verifier.verify(credentials(challenge, count=2), "REGISTER", URI)
    assert (verdict.username, verdict.stale) == (None, True)
    assert verdict.reason is DigestReason.NONCE_STALE
    verdict = verifier.verify(credentials(challenge, password="wrong"), "REGISTER", URI)
    assert (verdict.stale, verdict.reason) == (False, DigestReason.NONCE_FOREIGN)


def test_a_nonce_of_another_node_or_the_future_is_stale(
    verifier: DigestVerifier, clock: ManualClock
) -> None:
    other = DigestVerifier(realm=REALM, clock=clock, nonce_lifetime_s=300, lookup=lookup)
    verdict = verifier.verify(credentials(other.challenges()[1]), "REGISTER", URI)
    assert (verdict.username, verdict.stale) == (None, True)
    ahead = ManualClock(monotonic_s=clock.monotonic_s() + 1)
    same_secret = DigestVerifier(
        realm=REALM, clock=ahead, nonce_lifetime_s=300, lookup=lookup, secret=b"k" * 32
    )
    assert verifier.verify(credentials(same_secret.challenges()[1]), "REGISTER", URI).stale


def test_a_nonce_is_good_for_the_source_it_was_given_to(verifier: DigestVerifier) -> None:
    value = credentials(verifier.challenges(source="192.0.2.7")[1])
    assert verifier.verify(value, "REGISTER", URI, source="192.0.2.8").stale
    assert verifier.verify(value, "REGISTER", URI, source="192.0.2.7").username == "anna"
    forged = credentials(verifier.challenges(source="192.0.2.7")[1], password="wrong")
    verdict = verifier.verify(forged, "REGISTER", URI, source="192.0.2.8")
    assert verdict.reason is DigestReason.NONCE_FOREIGN


def test_a_replay_is_stale_and_a_new_count_accepted(verifier: DigestVerifier) -> None:
    challenge = verifier.challenges()[1]
    first = credentials(challenge)
    assert verifier.verify(first, "REGISTER", URI).username == "anna"
    replayed = verifier.verify(first, "REGISTER", URI)
    assert (replayed.username, replayed.stale) == (None, True)
    assert verifier.verify(credentials(challenge, count=2), "REGISTER", URI).username == "anna"


def test_requests_may_overtake_each_other_within_the_window(verifier: DigestVerifier) -> None:
    challenge = verifier.challenges()[1]

    def accepted(count: int) -> bool:
        value = credentials(challenge, count=count)
        return verifier.verify(value, "REGISTER", URI).username is not None

    assert not accepted(0)
    assert accepted(COUNT_WINDOW)
    assert accepted(1)
    assert not accepted(1)
    assert accepted(2)
    assert accepted(COUNT_WINDOW + 3)
    assert not accepted(3), "it fell out of the window"
    assert accepted(4)
    assert accepted(2**32 - 1)
    assert not accepted(COUNT_WINDOW)


def test_the_table_of_counts_is_bounded_and_opens_no_way_to_a_replay(clock: ManualClock) -> None:
    verifier = DigestVerifier(
        realm=REALM, clock=clock, nonce_lifetime_s=300, lookup=lookup, nonce_counts_max=3
    )
    used = []
    for _ in range(5):
        clock.advance(1)
        used.append(credentials(verifier.challenges()[1]))
        assert verifier.verify(used[-1], "REGISTER", URI).username == "anna"
        assert verifier.nonces_counted <= 3
    assert not any(verifier.verify(each, "REGISTER", URI).username for each in used)


def test_counts_of_expired_nonces_are_forgotten(
    verifier: DigestVerifier, clock: ManualClock
) -> None:
    verifier.verify(credentials(verifier.challenges()[1]), "REGISTER", URI)
    clock.advance(301)
    verifier.verify(credentials(verifier.challenges()[1]), "REGISTER", URI)
    assert verifier.nonces_counted == 1


def test_a_challenge_without_qop_is_not_answered() -> None:
    with pytest.raises(SipError, match="qop"):
        credentials('Digest realm="x", nonce="y"')
    with pytest.raises(SipError, match="SHA-1"):
        ha1("anna", REALM, "x", "SHA-1")
