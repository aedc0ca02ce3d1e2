"""Tickets, visitors' tokens and origins, over HTTP and in the first message."""

from pathlib import Path

import pytest

from channels.chat.identity import visitor
from channels.chat.tickets import Admission, Tickets
from channels.chat.visitor import VisitorTokens, load_key
from domain.errors import ConfigurationError, LimitExceeded
from tests.chat_support import KEY, ORIGIN, Client, chat_rig

ADMISSION = Admission(person=visitor("v"), widget_id="web", origin=ORIGIN)


def test_a_ticket_is_good_once() -> None:
    tickets = Tickets(lifetime_s=30, tickets_max=2)
    ticket = tickets.issue(ADMISSION, 0.0)
    assert tickets.redeem(ticket + "x", 1.0) is None
    assert tickets.redeem(ticket, 29.9) is ADMISSION
    assert tickets.redeem(ticket, 29.9) is None


def test_a_ticket_is_good_for_half_a_minute() -> None:
    tickets = Tickets(lifetime_s=30, tickets_max=2)
    assert tickets.redeem(tickets.issue(ADMISSION, 0.0), 30.0) is None


def test_open_tickets_are_bounded_and_old_ones_make_room() -> None:
    tickets = Tickets(lifetime_s=30, tickets_max=2)
    for _ in range(2):
        tickets.issue(ADMISSION, 0.0)
    with pytest.raises(LimitExceeded, match="tickets_max"):
        tickets.issue(ADMISSION, 29.0)
    tickets.issue(ADMISSION, 30.0)
    assert len(tickets) == 1


def test_a_visitors_token_cannot_be_made_by_others() -> None:
    tokens = VisitorTokens(KEY)
    visitor_id, token = tokens.new()
    assert tokens.read(token) == visitor_id
    other_id, other = tokens.new()
    assert visitor_id != other_id
    version, _, mac = token.split(".")
    for bad in (
        f"{version}.{other_id}.{mac}",
        f"v2.{visitor_id}.{mac}",
        token + "=",
        token[:-1],
        visitor_id,
        "",
        "é" * 20,
        other + other,
        VisitorTokens(bytes(32)).new()[1],
    ):
        assert tokens.read(bad) is None, bad


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "below" / "chat.key"
    key = load_key(file)
    assert load_key(file) == key
    assert file.stat().st_mode & 0o077 == 0
    file.write_text("abc")
    with pytest.raises(ConfigurationError, match="hexadecimal"):
        load_key(file)
    file.write_text("abcd")
    with pytest.raises(ConfigurationError, match="2 bytes"):
        load_key(file)


async def test_origins_are_checked_for_the_ticket_and_for_the_socket() -> None:
    async with chat_rig(allowed_origins=[ORIGIN, "https://other.example.org"]) as rig:
        assert (await rig.ticket(origin="https://evil.example.org")).status_code == 403
        assert (await rig.ticket(origin="null")).status_code == 403
        answer = await rig.ticket()
        assert answer.status_code == 201
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        client = Client(await rig.connect(origin="https://other.example.org"), {})
        await client.send({"type": "hello", "version": 1, "ticket": answer.json()["ticket"]})
        assert await client.close_code() == 4403
        with pytest.raises(Exception, match="403"):
            await rig.connect(origin="https://evil.example.org")
        assert rig.service.figures.refused["origin"] == 3


async def test_a_used_ticket_opens_nothing() -> None:
    async with chat_rig() as rig:
        ticket = (await rig.ticket()).json()["ticket"]
        hello = {"type": "hello", "version": 1, "ticket": ticket}
        first = Client(await rig.connect(), {})
        await first.send(hello)
        await first.next("live")
        second = Client(await rig.connect(), {})
        await second.send(hello)
        assert await second.close_code() == 4401
        late = (await rig.ticket()).json()["ticket"]
        rig.conversations.clock.now_s += 31
        third = Client(await rig.connect(), {})
        await third.send({**hello, "ticket": late})
        assert await third.close_code() == 4401


async def test_tickets_of_one_address_are_limited() -> None:
    async with chat_rig(tickets_per_min=2) as rig:
        statuses = [(await rig.ticket()).status_code for _ in range(7)]
        assert statuses == [201] * 6 + [429]
        assert int((await rig.ticket()).headers["retry-after"]) <= 31
        rig.conversations.clock.now_s += 31
        assert (await rig.ticket()).status_code == 201


async def test_what_is_no_request_for_a_ticket_is_refused() -> None:
    async with chat_rig() as rig:
        headers = {"Origin": ORIGIN}
        for body, status in ((b"[]", 422), (b"{", 422), (b"\xff", 422), (b"x" * 20_000, 413)):
            answer = await rig.http.post("/chat/v1/tickets", content=body, headers=headers)
            assert answer.status_code == status, body[:10]
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await rig.ticket(widget="nothing")).status_code == 404
        assert (await rig.http.get("/chat/v1/tickets")).status_code == 405
        assert (await rig.http.get("/chat/v1/demo")).status_code == 404
        assert (await rig.http.get("/chat/v1/socket")).status_code == 404
