"""Customers are written to once, where they wish and allow it, in their language."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from channels.outreach.service import OutreachService
from config.outreach import Template
from domain.consent import Answer
from domain.contact import Channel
from domain.customer import Customer, Identifier, IdentifierKind
from domain.errors import NotKnown, OutreachMistake, StoreError
from domain.message import Draft, Message
from domain.outreach import OutreachRecord, OutreachWish, Refused
from tests.unit.channels.http.fakes import START
from tests.unit.channels.messenger.scene import message

MAIL = Identifier(IdentifierKind.MAIL, "m@example.com")
APP = Identifier(IdentifierKind.APP, "chatty:77")
CUSTOMER = Customer(customer_id="k" * 32, name="M.", identifiers=(APP, MAIL), language="zh-CN")
LATE = Template.model_validate(
    {
        "id": "late",
        "queue_id": "support",
        "channels": ["message", "mail"],
        "variables": ["order"],
        "subject": {"en": "Order {order}", "zh": "订单 {order}"},
        "text": {"en": "Dear {name}, {order} is late.", "zh": "{name}：{order} 会晚到。"},
    }
)
COUPON = LATE.model_copy(update={"id": "coupon", "purpose": "offers"})


class HandClock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic_s(self) -> float:
        return self.now_s

    def utc(self):
        return START + timedelta(seconds=self.now_s)


@dataclass
class FakeStore:
    records: dict[str, OutreachRecord] = field(default_factory=dict)
    is_broken: bool = False

    async def find(self, key: str) -> OutreachRecord | None:
        await asyncio.sleep(0)
        return self.records.get(key)

    async def add(self, key: str, record: OutreachRecord) -> None:
        if self.is_broken:
            raise StoreError("outreach: the disk is full")
        self.records.setdefault(key, record)

    async def of_customer(self, customer_id: str, *, limit: int) -> list[OutreachRecord]:
        return [one for one in self.records.values() if one.customer_id == customer_id][:limit]


@dataclass
class FakeAudience:
    known: Customer | None = CUSTOMER
    answer: Answer = Answer.UNKNOWN

    async def customer(self, customer_id: str) -> Customer | None:
        found = self.known
        return found if found is not None and found.customer_id == customer_id else None

    async def offers_answer(self, customer_id: str) -> Answer:
        return self.answer


@dataclass
class FakeWriter:
    written: list[tuple[Any, ...]] = field(default_factory=list)
    said: dict[str, Message] = field(default_factory=dict)

    async def write_to(
        self,
        source: str,
        channel: Channel,
        address: Identifier,
        draft: Draft,
        *,
        queue_id: str,
        language: str,
    ) -> Message:
        await asyncio.sleep(0)
        if draft.client_id not in self.said:
            self.written.append((source, channel, address, draft.subject, draft.text, language))
            self.said[draft.client_id] = message(len(self.said) + 1, draft.text, channel=channel)
        return self.said[draft.client_id]

    async def said_under(self, client_id: str) -> Message | None:
        return self.said.get(client_id)


class Scene:
    def __init__(self) -> None:
        self.store = FakeStore()
        self.audience = FakeAudience()
        self.writer = FakeWriter()
        self.clock = HandClock()
        numbers = count(1)
        self.service = OutreachService(
            [LATE, COUPON],
            store=self.store,
            audience=self.audience,
            writer=self.writer,
            source_of=self.source_of,
            clock=self.clock,
            new_id=lambda: f"{next(numbers):032x}",
        )

    @staticmethod
    def source_of(channel: Channel, address: Identifier) -> str | None:
        if channel is Channel.MAIL:
            return "mail"
        source, _, _ = address.value.partition(":")
        return source if source == "chatty" else None

    def knows(self, **changes: Any) -> None:
        self.audience.known = replace(CUSTOMER, **changes)

    async def send(self, key: str = "a", template: str = "late", **more: Any) -> OutreachRecord:
        variables = more.pop("variables", {"order": "4711"})
        return await self.service.send(
            OutreachWish(
                key=key,
                template_id=template,
                customer_id=CUSTOMER.customer_id,
                variables=variables,
                **more,
            )
        )


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_it_is_written_in_his_language_on_the_first_channel(scene: Scene) -> None:
    record = await scene.send()
    assert scene.writer.written == [
        ("chatty", Channel.MESSAGE, APP, "订单 4711", "M.：4711 会晚到。", "zh")
    ]
    assert (record.channel, record.refused) == (Channel.MESSAGE, None)
    assert record.message_id == f"{1:032x}"


async def test_another_language_is_english(scene: Scene) -> None:
    scene.knows(language="fr")
    await scene.send()
    assert scene.writer.written[0][-2:] == ("Dear M., 4711 is late.", "en")


async def test_the_same_key_sends_once(scene: Scene) -> None:
    records = await asyncio.gather(*(scene.send() for _ in range(5)))
    assert len(scene.writer.written) == 1
    assert len(set(records)) == 1
    assert (await scene.send("b")).outreach_id != records[0].outreach_id
    assert len(scene.writer.written) == 2


async def test_what_was_not_recorded_is_not_sent_twice(scene: Scene) -> None:
    scene.store.is_broken = True
    with pytest.raises(StoreError):
        await scene.send()
    scene.store.is_broken = False
    assert (await scene.send()).message_id == f"{1:032x}"
    assert len(scene.writer.written) == 1


@pytest.mark.parametrize(
    ("changes", "channel"),
    [
        ({"preferences": {"channel": "mail"}}, Channel.MAIL),
        ({"preferences": {"channel": "voice"}}, Channel.MESSAGE),
        ({"preferences": {"channels": "mail, chat"}}, Channel.MAIL),
        ({"identifiers": (MAIL,)}, Channel.MAIL),
        ({"identifiers": (Identifier(IdentifierKind.APP, "gone:7"), MAIL)}, Channel.MAIL),
    ],
)
async def test_his_preferences_and_addresses_decide(
    scene: Scene, changes: dict[str, Any], channel: Channel
) -> None:
    scene.knows(**changes)
    assert (await scene.send()).channel is channel


@pytest.mark.parametrize(
    ("prepare", "template", "more", "refused"),
    [
        (lambda _: None, "coupon", {}, Refused.NO_CONSENT),
        (
            lambda scene: scene.knows(preferences={"channels": "none"}),
            "late",
            {},
            Refused.NOT_WISHED,
        ),
        (lambda _: None, "late", {"channel": Channel.CHAT}, Refused.NOT_WISHED),
        (lambda scene: scene.knows(identifiers=()), "late", {}, Refused.NO_ADDRESS),
    ],
)
async def test_why_nothing_is_sent_is_told_and_kept(
    scene: Scene,
    prepare: Callable[[Scene], None],
    template: str,
    more: dict[str, Any],
    refused: Refused,
) -> None:
    prepare(scene)
    record = await scene.send(template=template, **more)
    assert (record.refused, record.channel, record.message_id) == (refused, None, None)
    assert not scene.writer.written
    scene.audience.answer = Answer.GRANTED
    assert await scene.send(template=template, **more) == record, "the same key, the same answer"


async def test_offers_go_to_who_has_agreed(scene: Scene) -> None:
    scene.audience.answer = Answer.GRANTED
    assert (await scene.send(template="coupon")).refused is None


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "variables.order: found nothing"),
        ({"order": "1", "more": "x"}, "found more"),
        ({"order": "x" * 501}, "variables.order: found 501 characters"),
    ],
)
async def test_variables_that_do_not_fit(
    scene: Scene, variables: dict[str, str], named: str
) -> None:
    with pytest.raises(OutreachMistake, match=named):
        await scene.send(variables=variables)
    assert not scene.store.records


async def test_a_value_is_no_template(scene: Scene) -> None:
    await scene.send(variables={"order": "{name.__class__}"})
    assert scene.writer.written[0][4] == "M.：{name.__class__} 会晚到。"


async def test_who_is_not_known(scene: Scene) -> None:
    with pytest.raises(NotKnown, match="template 'gone'"):
        await scene.send(template="gone")
    scene.audience.known = None
    with pytest.raises(NotKnown, match="customer"):
        await scene.send()
    with pytest.raises(NotKnown, match="customer"):
        await scene.service.of_customer(CUSTOMER.customer_id)


async def test_what_he_was_written_is_listed_and_other_templates_taken(scene: Scene) -> None:
    record = await scene.send()
    assert list(await scene.service.of_customer(CUSTOMER.customer_id)) == [record]
    scene.service.reload([])
    with pytest.raises(NotKnown):
        await scene.send("b")
