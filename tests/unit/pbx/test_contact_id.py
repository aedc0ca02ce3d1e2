"""Names of contacts: each once, in the order of time."""

from pbx.contact_id import new_contact_id
from tests.flow_scene import HandClock


def test_ids_sort_by_time() -> None:
    clock = HandClock()
    ids = []
    for _ in range(50):
        ids.append(new_contact_id(clock))
        clock.now_s += 0.01
    assert ids == sorted(ids)
    assert {len(name) for name in ids} == {32}
    assert all(set(name) <= set("0123456789abcdef") for name in ids)
    assert new_contact_id(clock) != new_contact_id(clock)
