import pytest

from domain.errors import LimitExceeded
from store import learning
from store.opening import open_store


async def test_what_was_learnt_outlives_a_restart(tmp_path, clock):
    async with open_store(tmp_path, clock) as store:
        assert await store.learning.load("outcomes") is None
        await store.learning.save("outcomes", b"\x00first")
        await store.learning.save("needs", b"other")
        await store.learning.save("outcomes", b"\x00second")
    async with open_store(tmp_path, clock) as store:
        assert await store.learning.load("outcomes") == b"\x00second"
        assert await store.learning.load("needs") == b"other"


async def test_too_much_is_refused(store, monkeypatch):
    monkeypatch.setattr(learning, "STATE_BYTES_MAX", 10)
    await store.learning.save("outcomes", b"0123456789")
    with pytest.raises(LimitExceeded, match=r"outcomes has learnt: 11 is over the limit of 10"):
        await store.learning.save("outcomes", b"0123456789a")
    assert await store.learning.load("outcomes") == b"0123456789"
