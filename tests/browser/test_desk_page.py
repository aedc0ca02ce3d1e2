"""The agents' page in Chromium, against the node's own server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from channels.http.app import build_app
from channels.http.server import HttpServer
from domain.contact import Channel
from domain.customer import Customer
from domain.identity_ports import Recognition
from domain.message import Author, Delivery
from domain.proof import Proof
from tests.chromium import Page, chromium
from tests.programs import require_program
from tests.unit.channels.conversation_fakes import (
    FakeConversations,
    FakeVault,
    conversation,
    hex_id,
)
from tests.unit.channels.http.customer_fakes import FakeDirectory
from tests.unit.channels.http.fakes import TOKEN, Node, contact_id, http_settings
from tests.unit.channels.http.identity_fakes import FakeIdentities

pytestmark = pytest.mark.chromium


@asynccontextmanager
async def served(
    fake: FakeConversations, vault: FakeVault, port: int = 0, **more: Any
) -> AsyncIterator[str]:
    require_program("chromium")
    settings = http_settings(desk=True, port=port)
    ports = replace(Node().ports(), conversations=fake, attachments=vault, **more)
    async with HttpServer(build_app(settings, ports, token=TOKEN), settings) as server:
        yield server.url


async def sign_in(page: Page, url: str, token: str = TOKEN) -> None:
    await page.goto(f"{url}/desk/")
    await page.until("document.querySelector('form')")
    await page.eval(
        "(() => { const form = document.querySelector('form');"
        f" form.agent.value = 'alice'; form.token.value = {token!r}; form.requestSubmit(); }})()"
    )


async def click(page: Page, selector: str, text: str = "") -> None:
    every = f"[...document.querySelectorAll({selector!r})]"
    found = f"{every}.find((one) => one.textContent.includes({text!r}))"
    await page.until(found)
    await page.eval(f"{found}.click()")


async def write(page: Page, text: str) -> None:
    await page.eval(
        "(() => { const box = document.querySelector('.compose textarea');"
        f" box.value = {text!r}; box.dispatchEvent(new Event('input'));"
        " box.form.requestSubmit(); })()"
    )


def said(fake: FakeConversations, number: int) -> list[str]:
    return [one.text for one in fake.said[hex_id(number)]]


async def test_an_agent_serves() -> None:
    fake, vault = FakeConversations(), FakeVault()
    fake.add(conversation(1), conversation(2, channel=Channel.MAIL, name="王小明"))
    fake.customer_says(hex_id(1), "<img src=x onerror=alert(1)>Hello")
    async with served(fake, vault) as url, chromium() as page:
        await sign_in(page, url, "a-wrong-token-of-some-length")
        await page.until("document.querySelector('[role=alert]')")
        await sign_in(page, url)
        await click(page, ".list .item", "Ana")
        await page.until("document.querySelector('.said p')")
        shown = await page.eval("document.querySelector('.said p').textContent")
        assert shown == "<img src=x onerror=alert(1)>Hello", "text is only ever text"
        await page.until("!document.querySelector('.list .badge')")
        assert fake.kept[hex_id(1)].agent_read == 1

        await write(page, "How can I help?")
        await page.until("document.querySelectorAll('.said').length === 2")
        assert said(fake, 1)[-1] == "How can I help?"
        fake.customer_says(hex_id(1), "My line drops.")
        await page.until("document.querySelectorAll('.said').length === 3")
        await click(page, ".tabs button", "Note")
        await write(page, "third time")
        await page.until("document.querySelector('.said.note')")
        assert fake.said[hex_id(1)][-1].internal
        await fake.mark(hex_id(1), Author.CUSTOMER, Delivery.READ, 2)
        await page.until(
            "[...document.querySelectorAll('.said footer')]"
            ".some((one) => one.textContent.includes('Read'))"
        )

        fake.offer(11)
        await click(page, ".offer .main")
        await page.until("document.querySelectorAll('.list .item').length === 3")
        assert not fake.offers
        await click(page, ".head button", "Close")
        await page.until("document.querySelectorAll('.list .item').length === 2")

        await click(page, ".top button", "中文")
        await click(page, ".list .item", "王小明")
        await click(page, ".head button", "搁置")
        await click(page, "dialog button", "一小时后")
        await page.until("document.body.textContent.includes('已搁置')")
        assert fake.kept[hex_id(2)].parked_until is not None
        assert page.errors == []


async def test_a_node_that_restarts_is_found_again_and_nothing_is_missed() -> None:
    require_program("chromium")
    fake = FakeConversations()
    fake.add(conversation(1))
    async with chromium() as page:
        async with served(fake, FakeVault()) as url:
            await sign_in(page, url)
            await click(page, ".list .item")
            fake.customer_says(hex_id(1), "before")
            await page.until("document.querySelectorAll('.said').length === 1")
        await page.until("!document.querySelector('.dot.on')")
        fake.customer_says(hex_id(1), "meanwhile")
        async with served(fake, FakeVault(), port=int(url.rpartition(":")[2])):
            await page.until("document.querySelector('.dot.on')")
            await page.until("document.querySelectorAll('.said').length === 2")
        assert page.errors == []


class Asked(FakeIdentities):
    """The first contact is one of two customers' until an agent has said whose."""

    async def confirm(
        self, contact: str, customer_id: str, by: str, *, proof: Proof = Proof.PRESENTED
    ) -> Recognition:
        self.recognition = await super().confirm(contact, customer_id, by, proof=proof)
        return self.recognition


async def test_whose_a_conversation_is_the_agent_is_asked() -> None:
    fake, asked = FakeConversations(), Asked()
    nobodys: dict[str, Any] = {
        "customer_id": None,
        "proof": Proof.SUSPECTED,
        "contact_id": contact_id(1),
    }
    fake.add(conversation(1, **nobodys))
    directory = FakeDirectory(
        customers={
            "C-1": Customer(customer_id=contact_id(700), number="C-1", name="Ana Müller"),
            "C-2042": Customer(customer_id=contact_id(702), number="C-2042", name="王小明"),
        },
        proof=Proof.SUSPECTED,
    )
    known: dict[str, Any] = {"customers": directory, "identities": asked, "identity_desk": asked}
    async with served(fake, FakeVault(), **known) as url, chromium() as page:
        await sign_in(page, url)
        await click(page, ".list .item", "Ana")
        await page.until("document.querySelectorAll('.whose button').length === 2")
        shown = await page.eval("document.querySelector('.whose').textContent")
        assert "王小明" not in shown, "a hint, and nobody's name"
        assert "C-2042" not in shown
        await click(page, ".whose button:last-child")
        await click(page, "dialog button", "Cancel")
        assert not asked.calls
        await click(page, ".whose button:last-child")
        await click(page, "dialog button", "He has proved it")
        await page.until("!document.querySelector('.whose')")
        await page.until("document.querySelector('.panel .proved')")
        assert asked.calls == [("confirm", contact_id(1), contact_id(702), "alice", Proof.PROVED)]
        assert page.errors == []
