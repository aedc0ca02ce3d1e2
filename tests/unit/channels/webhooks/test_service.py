"""Webhooks from the stream of events to a receiver on a real socket."""

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from bus.resume import Resume
from channels.webhooks import sender
from channels.webhooks.outbox import WAITING_MAX
from channels.webhooks.service import Webhooks
from config.secret import Secret
from config.webhooks import Webhook
from domain.alert import ClearReason
from domain.contact import Channel
from domain.errors import ConfigurationError, EventsGone, StoreError
from domain.events import (
    AlertAcknowledged,
    AlertCleared,
    ConfigurationReloaded,
    ContactArrived,
    DisclosurePlayed,
)
from domain.webhook_ports import DeadLetter
from server.journal import JournalWriter
from store.opening import open_store
from tests.store_support import HandClock
from tests.unit.channels.http.fakes import FakeLedger, FakeStream, contact_id, record
from tests.unit.channels.webhooks.receiver import SECRET, FastTime, Receiver, status
from tests.unit.channels.webhooks.test_backoff import Middle


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("DESK", SECRET)


def cleared(number: int = 1) -> AlertCleared:
    return AlertCleared(
        alert_id=f"{number:032x}",
        contact_id=contact_id(number),
        rule_id="angry",
        reason=ClearReason.LEVEL_GONE,
        open_s=3.5,
    )


def arrived(number: int, queue_id: str) -> ContactArrived:
    return ContactArrived(
        contact_id=contact_id(number), channel=Channel.VOICE, queue_id=queue_id, language="en"
    )


def hook(url: str, hook_id: str = "desk", **more: object) -> Webhook:
    there = {"id": hook_id, "url": url, "secret": Secret(env="DESK")}
    return Webhook.model_validate({**there, **more})


@dataclass
class FakeCursors:
    kept: dict[str, int] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    async def load(self) -> Mapping[str, int]:
        return dict(self.kept)

    def save(self, reader: str, sequence: int) -> None:
        self.kept[reader] = sequence

    async def forget(self, reader: str) -> None:
        self.forgotten.append(reader)
        del self.kept[reader]


@dataclass
class FakeLetters:
    kept: dict[int, DeadLetter] = field(default_factory=dict)

    async def add(self, letter: DeadLetter) -> None:
        self.kept[letter.sequence] = letter

    async def of(self, webhook: str, *, limit: int = 50, before: int | None = None):
        found = [one for one in self.kept.values() if one.webhook == webhook]
        return sorted(found, key=lambda one: -one.sequence)[:limit]

    async def get(self, letter_id: str) -> DeadLetter | None:
        return next((one for one in self.kept.values() if one.letter_id == letter_id), None)

    async def forget(self, webhook: str, sequence: int) -> None:
        self.kept.pop(sequence, None)


@dataclass
class Site:
    """What webhooks need of a node."""

    stream: FakeStream = field(default_factory=FakeStream)
    cursors: FakeCursors = field(default_factory=FakeCursors)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    clock: FastTime = field(default_factory=FastTime)
    letters: FakeLetters = field(default_factory=FakeLetters)

    def webhooks(self, *hooks: Webhook, **more: object) -> Webhooks:
        given = {
            "stream": self.stream,
            "cursors": self.cursors,
            "ledger": self.ledger,
            "letters": self.letters,
            "journal": self.stream,
            "clock": self.clock,
            "node": "node",
            "version": "1.2.3",
            "tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            "chance": Middle(),
            "sleep": self.clock.sleep,
            "stop_s": 0.05,
        }
        return Webhooks(hooks, **{**given, **more})  # type: ignore[arg-type]


async def until(fulfilled: Callable[[], bool]) -> None:
    """Let others have their turn until that is so."""
    async with asyncio.timeout(5):
        while not fulfilled():  # noqa: ASYNC110 - what is awaited has no event of its own
            await asyncio.sleep(0)


def sequences(receiver: Receiver) -> list[int]:
    return [posted.told["sequence"] for posted in receiver.posted]


async def test_an_alert_is_told_and_signed():
    site = Site()
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)) as webhooks:
        site.stream.publish(cleared())
        (posted,) = await receiver.got(1)
        assert posted.is_signed()
        assert posted.told["type"] == "AlertCleared"
        assert posted.told["data"]["reason"] == "level_gone"
        assert posted.told["id"] == posted.headers["webhook-id"]
        (figures,) = webhooks.figures()
        await until(lambda: figures.delivered == 1)
        assert (figures.failed, figures.waiting, figures.seconds.count) == (0, 0, 1)
        assert site.cursors.kept == {"webhook/desk": 1}


async def test_only_what_was_asked_for_is_told():
    site = Site()
    async with Receiver() as receiver:
        wanted = hook(receiver.url, events=["ContactArrived"])
        async with site.webhooks(wanted):
            site.stream.publish(cleared())
            site.stream.publish(arrived(1, "support"))
            (posted,) = await receiver.got(1)
            assert posted.told["type"] == "ContactArrived"


async def test_only_contacts_of_its_queues():
    site = Site(ledger=FakeLedger([record(3, "billing"), record(4, "support")]))
    async with Receiver() as receiver:
        events = ["AlertCleared", "ContactArrived", "ConfigurationReloaded", "DisclosurePlayed"]
        async with site.webhooks(hook(receiver.url, events=events, queues=["billing"])):
            for event in (
                arrived(1, "support"),
                cleared(1),
                arrived(2, "billing"),
                cleared(2),
                DisclosurePlayed(contact_id=contact_id(3)),
                DisclosurePlayed(contact_id=contact_id(4)),
                ConfigurationReloaded(agents=1, queues=1, trunks=1),
                cleared(3),
            ):
                site.stream.publish(event)
            await receiver.got(4)
            assert sequences(receiver) == [3, 4, 5, 8]


async def test_a_failure_is_tried_again_with_the_same_id_and_a_new_time():
    site = Site()
    async with Receiver(status(500), b"no HTTP\r\n\r\n", status(502)) as receiver:
        async with site.webhooks(hook(receiver.url)) as webhooks:
            site.stream.publish(cleared())
            posted = await receiver.got(4)
            (figures,) = webhooks.figures()
            await until(lambda: figures.delivered == 1)
        assert {one.headers["webhook-id"] for one in posted} == {posted[0].told["id"]}
        times = [int(one.headers["webhook-timestamp"]) for one in posted]
        assert [after - before for before, after in pairwise(times)] == [
            1,
            2,
            4,
        ]
        assert all(one.is_signed() for one in posted)
        assert (figures.failed, figures.given_up) == (3, 0)
        assert [round(seconds) for seconds in site.clock.slept] == [1, 2, 4]


async def test_it_gives_up_and_goes_on():
    site = Site()
    async with Receiver(status(500), status(404)) as receiver:
        with capture_logs() as lines:
            async with site.webhooks(hook(receiver.url, attempts_max=2)) as webhooks:
                site.stream.publish(cleared())
                (figures,) = webhooks.figures()
                await until(lambda: figures.given_up == 1)
                assert site.cursors.kept["webhook/desk"] == 1
                site.stream.publish(cleared(2))
                await receiver.got(3)
        assert sequences(receiver) == [1, 1, 2]
        (line,) = [line for line in lines if line["event"] == "webhook message given up"]
        assert (line["webhook"], line["status"], line["attempt"]) == ("desk", 404, 2)
        letter = site.letters.kept[1]
        assert (letter.webhook, letter.attempts, letter.error) == ("desk", 2, "answered 404")
        assert letter.contact_id == contact_id(1)
        told = json.dumps(lines, default=str)
        assert receiver.url not in told
        assert SECRET not in told


async def test_it_comes_back_when_it_is_asked_to():
    site = Site()
    async with Receiver(status(503, "Retry-After: 120")) as receiver:
        async with site.webhooks(hook(receiver.url)):
            site.stream.publish(cleared())
            await receiver.got(2)
        assert site.clock.slept == [120.0]


async def test_a_receiver_that_wants_no_more_is_asked_again_in_an_hour():
    site = Site()
    async with Receiver(status(410)) as receiver:
        async with site.webhooks(hook(receiver.url)) as webhooks:
            site.stream.publish(cleared(1))
            (figures,) = webhooks.figures()
            await until(lambda: figures.given_up == 1)
            site.stream.publish(cleared(2))
            await receiver.got(2)
        assert site.clock.slept == [3_600.0]
        assert sequences(receiver) == [1, 2]


async def test_a_redirect_is_a_failure():
    site = Site()
    async with Receiver() as elsewhere:
        answer = status(302, f"Location: {elsewhere.url}")
        async with Receiver(answer) as receiver, site.webhooks(hook(receiver.url)) as webhooks:
            site.stream.publish(cleared())
            await receiver.got(2)
            assert webhooks.figures()[0].failed == 1
        assert elsewhere.posted == []


async def test_a_receiver_that_hangs_delays_no_other():
    site = Site()
    async with (
        Receiver(*[None] * 10) as hanging,
        Receiver() as quick,
        site.webhooks(hook(hanging.url, "slow", timeout_s=60), hook(quick.url, "quick")) as both,
    ):
        for number in range(1, 6):
            site.stream.publish(cleared(number))
        await quick.got(5)
        assert len(hanging.posted) == 1
        slow, _ = both.figures()
        assert (slow.delivered, slow.waiting) == (0, 5)


async def test_a_full_outbox_drops_the_oldest():
    site = Site()
    more = 3
    async with Receiver(None) as receiver:
        with capture_logs() as lines:
            async with site.webhooks(hook(receiver.url, timeout_s=60)) as webhooks:
                site.stream.publish(cleared(1))
                await receiver.got(1)
                for number in range(2, WAITING_MAX + 1 + more):
                    site.stream.publish(cleared(number))
                (figures,) = webhooks.figures()
                await until(lambda: figures.dropped == more)
                assert figures.waiting == WAITING_MAX
    dropped = [line["sequence"] for line in lines if "dropped" in line["event"]]
    assert dropped == [2, 3, 4]
    assert {one: each.attempts for one, each in site.letters.kept.items()} == {2: 0, 3: 0, 4: 0}


async def test_it_goes_on_where_it_was_and_tells_what_was_not_taken():
    site = Site()
    async with Receiver(None) as receiver:
        async with site.webhooks(hook(receiver.url, timeout_s=60)):
            site.stream.publish(arrived(1, "support"))
            site.stream.publish(cleared(1))
            await receiver.got(1)
        assert site.cursors.kept == {"webhook/desk": 1}
        site.stream.publish(cleared(2))
        async with site.webhooks(hook(receiver.url)):
            posted = await receiver.got(3)
            await until(lambda: site.cursors.kept == {"webhook/desk": 3})
        assert sequences(receiver) == [2, 2, 3]
        assert posted[0].headers["webhook-id"] == posted[1].headers["webhook-id"]


async def test_a_new_one_begins_with_what_happens_from_now_on():
    site = Site()
    site.stream.publish(cleared(1))
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)):
        site.stream.publish(cleared(2))
        await receiver.got(1)
        assert sequences(receiver) == [2]


async def test_the_place_of_one_that_is_no_more_is_forgotten():
    site = Site(cursors=FakeCursors({"webhook/old": 3, "webhook/desk": 0, "other": 1}))
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)):
        assert site.cursors.forgotten == ["webhook/old"]


async def test_what_nobody_wants_moves_the_place_now_and_then(monkeypatch):
    monkeypatch.setattr(sender, "CURSOR_EVENTS", 10)
    site = Site()
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)):
        places: set[int] = set()
        for number in range(25):
            site.stream.publish(arrived(number, "support"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            places |= set(site.cursors.kept.values())
        assert places == {1, 11, 21}
    assert site.cursors.kept == {"webhook/desk": 25}


class Faulty(FakeStream):
    """A stream that cannot be read at first, for one reason after the other."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.faults = list(faults)
        self.asked: list[int | None] = []

    def follow(self, after=None):
        self.asked.append(after)
        return self._broken(self.faults.pop(0)) if self.faults else super().follow(after)

    async def _broken(self, fault):
        raise fault
        yield


@pytest.mark.parametrize(
    ("fault", "goes_on"),
    [
        (StoreError("locked"), 1),
        (EventsGone(1, 3, 9), 2),
        (EventsGone(99, 1, 3), None),
        (KeyError("a mistake"), None),
    ],
)
async def test_a_stream_that_cannot_be_read(fault, goes_on):
    stream = Faulty(fault)
    site = Site(stream=stream, cursors=FakeCursors({"webhook/desk": 1}))
    for number in (1, 2, 3):
        site.stream.publish(cleared(number))
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)):
        await until(lambda: len(stream.asked) == 2)
        await asyncio.sleep(0)
        site.stream.publish(cleared(4))
        await receiver.until(lambda: 4 in sequences(receiver))
        assert stream.asked == [1, goes_on]
        assert sequences(receiver) == list(range((goes_on or 3) + 1, 5))


async def test_a_record_that_cannot_be_read_loses_no_event():
    site = Site(ledger=FakeLedger([record(1, "support")], error=StoreError("locked")))
    async with Receiver() as receiver, site.webhooks(hook(receiver.url, queues=["support"])):
        site.stream.publish(cleared(1))
        await until(lambda: len(site.clock.slept) > 1)
        site.ledger.error = None
        await receiver.got(1)
        assert sequences(receiver) == [1]


async def test_a_mistake_of_ours_is_a_failed_attempt(monkeypatch):
    site = Site()
    async with Receiver() as receiver, site.webhooks(hook(receiver.url)) as webhooks:
        poster = webhooks._posters[0]
        whole, broken = poster.post, [1]

        async def post(message):
            if broken:
                broken.clear()
                raise RuntimeError("a mistake")
            return await whole(message)

        monkeypatch.setattr(poster, "post", post)
        with capture_logs() as lines:
            site.stream.publish(cleared())
            await receiver.got(1)
        assert webhooks.figures()[0].failed == 1
        assert [line["log_level"] for line in lines if "broke" in line["event"]] == ["error"]


@pytest.mark.parametrize("value", ["short", None])
async def test_a_secret_that_is_no_key_is_named_and_not_repeated(monkeypatch, value):
    if value is None:
        monkeypatch.delenv("DESK")
    else:
        monkeypatch.setenv("DESK", value)
    with pytest.raises(ConfigurationError, match="webhooks desk: secret") as refused:
        Site().webhooks(hook("https://desk.example.org/"))
    assert "short" not in str(refused.value)


async def test_leaving_is_quick_and_without_hooks_there_is_nothing_to_do():
    async with Site().webhooks() as webhooks:
        assert webhooks.figures() == []
    site = Site()
    async with Receiver(None) as receiver:
        async with site.webhooks(hook(receiver.url, timeout_s=60)):
            site.stream.publish(cleared())
            await receiver.got(1)
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 2
        await receiver.until(lambda: receiver.cut == 1)


async def test_what_was_not_taken_outlives_the_node(tmp_path):
    """With the real store, journal and bus: the alert is told by the next run."""
    clock = HandClock()
    async with Receiver(None) as receiver:
        for run in (1, 2):
            async with open_store(tmp_path, clock) as store:
                _, last = await store.journal.bounds()
                bus = LocalBus(clock, first=last + 1)
                async with (
                    JournalWriter(bus, store.journal, gather_s=0.0),
                    Webhooks(
                        [hook(receiver.url, timeout_s=60)],
                        stream=Resume(bus, store.journal),
                        cursors=store.cursors,
                        letters=store.dead_letters,
                        journal=store.journal,
                        ledger=store.contacts,
                        clock=clock,
                        node="node",
                        version="1.2.3",
                        chance=Random(1),
                        stop_s=0.01,
                    ),
                ):
                    if run == 1:
                        bus.publish(cleared(1))
                        bus.publish(
                            AlertAcknowledged(
                                alert_id=f"{1:032x}",
                                contact_id=contact_id(1),
                                rule_id="angry",
                                by="alice",
                                after_s=2.5,
                            )
                        )
                    await receiver.got(1 if run == 1 else 3)
        assert sequences(receiver) == [1, 1, 2]
        ids = [posted.headers["webhook-id"] for posted in receiver.posted]
        assert ids[0] == ids[1] != ids[2]
