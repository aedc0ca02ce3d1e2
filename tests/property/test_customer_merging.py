"""Whatever is merged and unmerged, in whatever order: one is who the merges that hold say."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer_merging import group_of, roots_of
from domain.identity_ports import MergeRecord
from tests.property.examples import EXAMPLES
from tests.store_support import START

PEOPLE = "abcdef"
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
STEPS = st.lists(st.one_of(PAIRS, st.integers(0, 20)), max_size=30)


def merge(number: int, left: str, gone: str) -> MergeRecord:
    return MergeRecord(
        merge_id=f"{number:032x}",
        customer_id=left,
        member_id=gone,
        by="alice",
        reason="",
        merged_at=START + timedelta(seconds=number),
    )


def one_by_hand(trail: list[MergeRecord]) -> list[set[str]]:
    """Return who is one with whom, found by walking along the merges that hold."""
    groups = [{one} for one in PEOPLE]
    for each in trail:
        if each.undone_at is None:
            left = next(group for group in groups if each.customer_id in group)
            gone = next(group for group in groups if each.member_id in group)
            if left is not gone:
                groups.remove(gone)
                left |= gone
    return groups


def played(steps: list[tuple[str, str] | int]) -> list[MergeRecord]:
    """Return the trail of merges and, by number, unmerges; what cannot be done is left out."""
    trail: list[MergeRecord] = []
    for step in steps:
        if isinstance(step, int):
            if step < len(trail) and trail[step].undone_at is None:
                trail[step] = replace(trail[step], undone_at=START)
            continue
        roots = roots_of(trail)
        left, gone = step
        if roots.get(left, left) != roots.get(gone, gone):
            trail.append(merge(len(trail), left, gone))
    return trail


@settings(max_examples=EXAMPLES)
@given(STEPS, st.randoms())
def test_customers_are_one_by_the_merges_that_hold(steps, random) -> None:
    trail = played(steps)
    roots = roots_of(trail)
    groups = one_by_hand(trail)
    for one in PEOPLE:
        (group,) = (each for each in groups if one in each)
        assert set(group_of(one, roots)) == group
        assert roots.get(one, one) in group
    # A root is part of nobody.
    assert not set(roots.values()) & roots.keys()
    shuffled = [*trail]
    random.shuffle(shuffled)
    assert roots_of(shuffled) == roots


@settings(max_examples=EXAMPLES)
@given(STEPS, PAIRS)
def test_to_undo_a_merge_restores_exactly_what_was(steps, pair) -> None:
    trail = played(steps)
    before = roots_of(trail)
    new = merge(len(trail), *pair)
    undone = replace(new, undone_at=START + timedelta(days=1))
    assert roots_of([*trail, undone]) == before
    assert roots_of([replace(one, undone_at=START) for one in [*trail, new]]) == {}


def test_by_way_of_one_who_left_they_stay_one() -> None:
    first, second = merge(1, "a", "b"), merge(2, "c", "b")
    assert roots_of([first, second]) == {"a": "c", "b": "c"}
    assert roots_of([replace(first, undone_at=START), second]) == {"b": "c"}
    assert roots_of([first, replace(second, undone_at=START)]) == {"b": "a"}
