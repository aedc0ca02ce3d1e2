from datetime import timedelta

import pytest

from domain.errors import NotKnown
from domain.quarantine import QuarantinedMail
from store.opening import KEY_FILE
from store.quarantine import QuarantineList
from store.vault import open_vault
from tests.store_support import START


@pytest.fixture
def quarantine(store, tmp_path):
    return QuarantineList(store.database, open_vault(tmp_path / KEY_FILE, create=False))


def laid_aside(number: int, content: str = "c") -> QuarantinedMail:
    return QuarantinedMail(
        quarantine_id=f"{number:032x}",
        received_at=START + timedelta(days=number),
        reason="depth: 900 over 20",
        bytes=1_000,
        content_hash=content * 64,
        sender="customer@example.com",
        recipients=("support@example.org",),
    )


async def test_the_same_mail_is_there_once(quarantine):
    await quarantine.add(laid_aside(1))
    await quarantine.add(laid_aside(1))
    assert list(await quarantine.waiting()) == [laid_aside(1)]


async def test_addresses_are_sealed(quarantine, tmp_path):
    await quarantine.add(laid_aside(1))
    for file in tmp_path.glob("*.sqlite3*"):
        assert b"example.com" not in file.read_bytes()


async def test_old_ones_are_found_and_dropped(quarantine):
    for number in (3, 1, 2):
        await quarantine.add(laid_aside(number, "d" if number == 3 else "c"))
    old = await quarantine.older_than(START + timedelta(days=3), 10)
    assert [mail.quarantine_id for mail in old] == [f"{1:032x}", f"{2:032x}"]
    assert await quarantine.remove(f"{1:032x}") is True
    assert await quarantine.remove(f"{2:032x}") is False
    with pytest.raises(NotKnown):
        await quarantine.remove(f"{2:032x}")


async def test_what_was_judged_no_longer_waits(quarantine):
    await quarantine.add(laid_aside(1))
    await quarantine.judge(f"{1:032x}", "dropped")
    assert await quarantine.waiting() == []
    assert (await quarantine.get(f"{1:032x}")).verdict == "dropped"
