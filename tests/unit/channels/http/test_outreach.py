"""Outreach over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import httpx
import pytest

from channels.http.app import build_app
from domain.contact import Channel
from domain.errors import NotKnown, OutreachMistake
from domain.outreach import OutreachRecord, OutreachWish
from tests.unit.channels.http.fakes import START, TOKEN, Node, http_settings

WHO = "c" * 32
RECORD = OutreachRecord(
    outreach_id="a" * 32,
    template_id="late",
    customer_id=WHO,
    at=START,
    channel=Channel.MAIL,
    message_id="b" * 32,
)
WISH = {"key": "k", "template_id": "late", "customer_id": WHO, "variables": {"order": "1"}}


@dataclass
class FakeDesk:
    wishes: list[OutreachWish] = field(default_factory=list)

    async def send(self, wish: OutreachWish) -> OutreachRecord:
        if wish.template_id != "late":
            raise NotKnown("template", wish.template_id)
        if "order" not in wish.variables:
            raise OutreachMistake("variables.order", "nothing", "a value for late")
        self.wishes.append(wish)
        return RECORD

    async def of_customer(self, customer_id: str, *, limit: int = 50) -> list[OutreachRecord]:
        if customer_id != WHO:
            raise NotKnown("customer", customer_id)
        return [RECORD][:limit]


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
async def client(desk: FakeDesk) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), outreach=desk)
    transport = httpx.ASGITransport(build_app(http_settings(), ports, token=TOKEN))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=headers
    ) as made:
        yield made


async def test_a_customer_is_written_to(client: httpx.AsyncClient, desk: FakeDesk) -> None:
    answer = await client.post("/api/v1/outreach", json={**WISH, "channel": "mail"})
    assert answer.status_code == 200
    assert (answer.json()["channel"], answer.json()["refused"]) == ("mail", None)
    (wish,) = desk.wishes
    assert (wish.key, wish.channel, wish.variables) == ("k", Channel.MAIL, {"order": "1"})


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"template_id": "gone"}, 404),
        ({"variables": {}}, 422),
        ({"key": ""}, 422),
        ({"customer_id": "x"}, 422),
        ({"channel": "fax"}, 422),
        ({"more": 1}, 422),
    ],
)
async def test_what_cannot_be_sent(
    client: httpx.AsyncClient, change: dict[str, object], status: int
) -> None:
    assert (await client.post("/api/v1/outreach", json={**WISH, **change})).status_code == status


async def test_what_he_was_written_is_listed(client: httpx.AsyncClient) -> None:
    (one,) = (await client.get(f"/api/v1/customers/{WHO}/outreach")).json()["outreach"]
    assert one["outreach_id"] == RECORD.outreach_id
    assert (await client.get(f"/api/v1/customers/{'d' * 32}/outreach")).status_code == 404


async def test_a_node_without_outreach_says_so() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://node",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        assert (await client.post("/api/v1/outreach", json=WISH)).status_code == 503
