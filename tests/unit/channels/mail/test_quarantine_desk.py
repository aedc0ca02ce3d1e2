"""Mails in quarantine, released and dropped, over the store's own list."""

from contextlib import asynccontextmanager

import pytest

from channels.mail.parsed import Envelope, Quarantined
from channels.mail.quarantine_desk import JudgedQuarantine
from domain.errors import NotKnown, StillDangerous
from store.opening import open_quarantine
from tests.mail_support import mail_bytes, mail_section

HERE = Envelope(sender="customer@example.com", recipients=("support@example.org",))
DEEP = Quarantined(rule="depth", reason="depth: 900 over 20")


@asynccontextmanager
async def desk_of(rig):
    async with rig.service(mail_section()) as service, open_quarantine(rig.folder) as shelf:
        service.quarantine._store = shelf
        yield JudgedQuarantine(shelf, service.quarantine, service.intake), service


async def test_what_a_broken_reader_stopped_is_taken_when_it_reads(rig) -> None:
    async with desk_of(rig) as (desk, service):
        rig.reader.verdict = DEEP
        await service.intake.take(mail_bytes(), HERE, "smtp")
        (mail,) = await desk.waiting(10)
        assert rig.stored() == 0
        with pytest.raises(StillDangerous, match="depth: 900 over 20"):
            await desk.release(mail.quarantine_id)
        assert await desk.get(mail.quarantine_id) == mail
        rig.reader.verdict = None
        assert (await desk.release(mail.quarantine_id)).verdict == "released"
        assert rig.stored() == 1
        assert await desk.waiting(10) == []
        with pytest.raises(StillDangerous, match="released before"):
            await desk.release(mail.quarantine_id)
        assert rig.stored() == 1


async def test_a_mail_from_nobody_counts_as_from_its_envelope(rig) -> None:
    async with desk_of(rig) as (desk, service):
        await service.intake.take(mail_bytes(sender="a@x, b@y"), HERE, "smtp")
        (mail,) = await desk.waiting(10)
        await desk.release(mail.quarantine_id)
        (inbound,) = rig.store.inbound
        assert inbound.sender.value == "customer@example.com"


async def test_a_mail_from_nobody_at_all_stays(rig) -> None:
    async with desk_of(rig) as (desk, service):
        envelope = Envelope(sender=None, recipients=HERE.recipients)
        await service.intake.take(mail_bytes(sender="a@x, b@y"), envelope, "imap")
        (mail,) = await desk.waiting(10)
        with pytest.raises(StillDangerous, match="sender: "):
            await desk.release(mail.quarantine_id)
        assert rig.stored() == 0


async def test_dropped_for_good(rig) -> None:
    async with desk_of(rig) as (desk, service):
        rig.reader.verdict = DEEP
        await service.intake.take(mail_bytes(), HERE, "smtp")
        (mail,) = await desk.waiting(10)
        await desk.drop(mail.quarantine_id)
        assert list((rig.folder / "quarantine").glob("??/*")) == []
        with pytest.raises(NotKnown):
            await desk.drop(mail.quarantine_id)
