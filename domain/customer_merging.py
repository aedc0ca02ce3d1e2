"""Which customers are one, by the merges that hold. Pure.

A merge says of two customers that they are one person, and stays as it was said: A and B may be
one by way of C. Nothing of a customer is moved when he is merged, so to undo a merge is to
leave it out, and each has again what was his, in whatever order merges are made and undone.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.identity_ports import MergeRecord

MEMBERS_MAX: Final = 50
"""Customers who are one: a person is entered a few times, not a hundred; beyond it a mistake of
a program is more likely, and every look at the customer would read them all."""


def roots_of(merges: Iterable[MergeRecord]) -> Mapping[str, str]:
    """Return of each customer who is part of another, of whom.

    Who is left of the last merge is left of all. Undone merges count for nothing; one between
    customers who are one already changes nothing.

    Args:
        merges: All in which these customers have had part, in any order.
    """
    groups: dict[str, list[str]] = {}
    root: dict[str, str] = {}
    for merge in sorted(merges, key=lambda one: (one.merged_at, one.merge_id)):
        if merge.undone_at is not None:
            continue
        left = root.get(merge.customer_id, merge.customer_id)
        gone = root.get(merge.member_id, merge.member_id)
        if left == gone:
            continue
        moved = groups.pop(gone, [gone])
        groups.setdefault(left, [left]).extend(moved)
        root.update(dict.fromkeys(moved, left))
    return {member: left for left, members in groups.items() for member in members[1:]}


def group_of(customer_id: str, roots: Mapping[str, str]) -> tuple[str, ...]:
    """Return the root of a customer and all who are part of it, himself among them; root first."""
    left = roots.get(customer_id, customer_id)
    return (left, *sorted(member for member, one in roots.items() if one == left))
