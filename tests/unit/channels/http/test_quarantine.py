from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from channels.http.app import build_app
from tests.unit.channels.conversation_fakes import hex_id
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings
from tests.unit.channels.http.quarantine_fakes import FakeQuarantine

ALL = "/api/v1/mail/quarantine"
ONE, TWO, NONE = (f"{ALL}/{hex_id(number)}" for number in (1, 2, 3))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), quarantine=FakeQuarantine())
    transport = httpx.ASGITransport(app=build_app(http_settings(), ports, token=TOKEN))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=BEARER
    ) as found:
        yield found


async def test_listed_and_shown(client: httpx.AsyncClient) -> None:
    mails = (await client.get(ALL)).json()["mails"]
    assert [one["quarantine_id"] for one in mails] == [hex_id(1), hex_id(2)]
    assert (mails[0]["sender"], mails[0]["reason"]) == ("cus…-7", "parts: 900 over 500")
    assert len((await client.get(ALL, params={"limit": 1})).json()["mails"]) == 1
    assert (await client.get(ONE)).json() == mails[0]
    with capture_logs() as logs:
        full = (await client.get(ONE, params={"caller": "full"})).json()
    assert full["sender"] == "customer-7@example.com"
    assert any("address shown" in line["event"] for line in logs)
    assert "customer-7" not in str(logs)
    assert (await client.get(NONE)).status_code == 404


async def test_released_or_not(client: httpx.AsyncClient) -> None:
    assert (await client.post(f"{ONE}/release")).json()["verdict"] == "released"
    refused = await client.post(f"{TWO}/release")
    assert (refused.status_code, "parts: 900 over 500" in refused.json()["detail"]) == (409, True)
    assert (await client.post(f"{NONE}/release")).status_code == 404
    left = (await client.get(ALL)).json()["mails"]
    assert [one["quarantine_id"] for one in left] == [hex_id(2)]


async def test_dropped(client: httpx.AsyncClient) -> None:
    assert (await client.delete(TWO)).status_code == 204
    assert (await client.delete(TWO)).status_code == 404


async def test_a_node_without_mail_says_so() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://node", headers=BEARER
    ) as client:
        assert (await client.get(ALL)).status_code == 503
