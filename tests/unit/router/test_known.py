from router.known import Kept, KnownContact


def test_at_the_limit_the_oldest_is_forgotten():
    kept: Kept[int] = Kept(2)
    for number, name in enumerate("abc"):
        kept.put(name, number)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (None, 1, 2)
    assert len(kept) == 2


def test_whoever_is_put_again_is_the_youngest():
    kept: Kept[int] = Kept(2)
    for name, number in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        kept.put(name, number)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (3, None, 4)


def test_what_was_taken_out_is_gone():
    kept: Kept[KnownContact] = Kept()
    kept.put("a", KnownContact(distress=2))
    assert kept.pop("a") == KnownContact(distress=2)
    assert kept.pop("a") is None
    assert len(kept) == 0
