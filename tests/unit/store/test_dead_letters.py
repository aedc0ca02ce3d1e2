import pytest

from domain.webhook_ports import DeadLetter
from store import dead_letters
from store.dead_letters import DeadLetters


def letter(sequence: int, webhook: str = "desk", **rest) -> DeadLetter:
    given = {
        "letter_id": f"{sequence:032x}",
        "webhook": webhook,
        "sequence": sequence,
        "contact_id": None,
        "attempts": 10,
        "error": "answered 500",
    }
    return DeadLetter(**{**given, **rest})


@pytest.fixture
def letters(store) -> DeadLetters:
    return store.dead_letters


async def test_letters_are_kept_by_event_the_newest_first(letters, clock):
    for sequence in (5, 9, 7):
        await letters.add(letter(sequence, given_up_at=clock.utc()))
    await letters.add(letter(8, "other", given_up_at=clock.utc()))
    assert [one.sequence for one in await letters.of("desk")] == [9, 7, 5]
    assert [one.sequence for one in await letters.of("desk", before=9, limit=1)] == [7]
    assert await letters.get(f"{8:032x}") == letter(8, "other", given_up_at=clock.utc())
    assert await letters.get("0" * 32) is None


async def test_a_letter_that_comes_again_keeps_its_name(letters, clock):
    await letters.add(letter(5, given_up_at=clock.utc()))
    again = letter(5, letter_id="f" * 32, attempts=3, error="ConnectError", given_up_at=clock.utc())
    await letters.add(again)
    (kept,) = await letters.of("desk")
    assert (kept.letter_id, kept.attempts, kept.error) == (f"{5:032x}", 3, "ConnectError")
    await letters.forget("desk", 5)
    await letters.forget("desk", 5)
    assert await letters.of("desk") == []


async def test_the_oldest_goes_when_there_are_too_many(letters, clock, monkeypatch):
    monkeypatch.setattr(dead_letters, "LETTERS_MAX", 3)
    await letters.add(letter(1, "other", given_up_at=clock.utc()))
    for sequence in (1, 2, 3, 4, 5):
        await letters.add(
            letter(sequence, letter_id=f"{sequence + 9:032x}", given_up_at=clock.utc())
        )
    assert [one.sequence for one in await letters.of("desk")] == [5, 4, 3]
    assert len(await letters.of("other")) == 1
