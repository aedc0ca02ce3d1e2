"""What was given up is kept, told, and sent again when somebody asks for it."""

import pytest

from domain.errors import EventsGone, NotKnown
from domain.webhook_ports import DeadLetter
from tests.unit.channels.http.fakes import START
from tests.unit.channels.webhooks.receiver import SECRET, Receiver, status
from tests.unit.channels.webhooks.test_service import Site, cleared, hook, until


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("DESK", SECRET)


async def test_a_dead_letter_is_sent_again_and_gone_when_it_is_taken():
    site = Site()
    async with Receiver(status(500), status(500), status(200)) as receiver:
        async with site.webhooks(hook(receiver.url, attempts_max=1)) as webhooks:
            site.stream.publish(cleared())
            await until(lambda: len(site.letters.kept) == 1)
            first = (await webhooks.dead_letters("desk"))[0]
            await webhooks.send_again(first.letter_id)
            await receiver.got(2)
            await until(lambda: webhooks.figures()[0].given_up == 2)
            (again,) = await webhooks.dead_letters("desk")
            await webhooks.send_again(again.letter_id)
            await receiver.got(3)
            await until(lambda: not site.letters.kept)
            assert site.cursors.kept["webhook/desk"] == 1
        assert [posted.told["id"] for posted in receiver.posted] == [
            receiver.posted[0].told["id"]
        ] * 3


async def test_what_is_asked_of_letters_that_are_not_there_is_told():
    site = Site()
    async with site.webhooks(hook("https://desk.example.org/")) as webhooks:
        with pytest.raises(NotKnown, match="webhook 'other'"):
            await webhooks.dead_letters("other")
        for ask in (webhooks.send_again, webhooks.drop):
            with pytest.raises(NotKnown, match="dead letter 'x'"):
                await ask("x")
        gone = DeadLetter(
            letter_id="y",
            webhook="desk",
            sequence=900,
            contact_id=None,
            given_up_at=START,
            attempts=1,
            error="",
        )
        await site.letters.add(gone)
        with pytest.raises(EventsGone):
            await webhooks.send_again("y")
        await webhooks.drop("y")
        assert not site.letters.kept
