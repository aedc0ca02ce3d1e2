"""Digest: hostile credentials, and no count of a nonce taken twice."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.sip.digest import COUNT_WINDOW, DigestReason, DigestVerifier, authorize, ha1
from tests.unit.pbx.clock import ManualClock

SETTINGS = settings(deadline=None, derandomize=True, max_examples=150)
URI = "sip:pbx.example.com"


def verifier(clock: ManualClock, **other: Any) -> DigestVerifier:
    return DigestVerifier(
        realm="pbx",
        clock=clock,
        nonce_lifetime_s=300,
        lookup=lambda name, how: ha1(name, "pbx", "x", how) if name == "anna" else None,
        secret=b"k" * 32,
        **other,
    )


def credentials(challenge: str, count: int) -> str:
    return authorize(
        challenge, method="INVITE", uri=URI, username="anna", password="x", count=count, cnonce="c"
    )


@SETTINGS
@given(st.lists(st.integers(0, 80), max_size=60))
def test_each_count_is_taken_once_and_never_from_behind_the_window(counts: list[int]) -> None:
    desk = verifier(ManualClock())
    challenge = desk.challenges()[1]
    taken: set[int] = set()
    for count in counts:
        verdict = desk.verify(credentials(challenge, count), "INVITE", URI)
        may = count > 0 and count not in taken
        within = not taken or count > max(taken) - COUNT_WINDOW
        assert (verdict.username == "anna") is (may and within)
        if verdict.username is not None:
            taken.add(count)


@SETTINGS
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(0, 200)), max_size=40),
    st.integers(1, 3),
)
def test_no_credentials_are_accepted_twice_however_small_the_table(
    steps: list[tuple[int, int, int]], counts_max: int
) -> None:
    clock = ManualClock()
    desk = verifier(clock, nonce_counts_max=counts_max)
    challenges = [desk.challenges()[1]]
    accepted: set[str] = set()
    for which, count, wait_s in steps:
        clock.advance(wait_s)
        challenges.append(desk.challenges()[1])
        value = credentials(challenges[-1 - which % len(challenges)], count)
        if desk.verify(value, "INVITE", URI).username is not None:
            assert value not in accepted
            accepted.add(value)
        assert desk.nonces_counted <= counts_max


@SETTINGS
@given(st.text(max_size=200), st.text(max_size=40))
def test_arbitrary_credentials_are_judged_and_nothing_raises(text: str, uri: str) -> None:
    desk = verifier(ManualClock())
    for value in (text, f"Digest {text}"):
        verdict = desk.verify(value, "INVITE", uri)
        assert verdict.username is None
        assert not verdict.stale


@SETTINGS
@given(st.integers(0, 400), st.text(max_size=8), st.integers(0, 6))
def test_changed_credentials_are_never_accepted(where: int, text: str, length: int) -> None:
    desk = verifier(ManualClock())
    value = credentials(desk.challenges()[1], 1)
    where %= len(value)
    changed = value[:where] + text + value[where + length :]
    verdict = desk.verify(changed, "INVITE", URI)
    if verdict.reason is DigestReason.ACCEPTED:
        # Only what is not signed may have changed: spelling and the opaque.
        assert verdict.username == "anna"
        again = desk.verify(value, "INVITE", URI)
        assert again.reason is DigestReason.NONCE_STALE
