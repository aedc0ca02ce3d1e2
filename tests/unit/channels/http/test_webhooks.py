"""What receivers of webhooks were not told of, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import httpx
import pytest

from channels.http.app import build_app
from domain.errors import EventsGone, NotKnown
from domain.webhook_ports import DeadLetter
from tests.unit.channels.http.fakes import START, TOKEN, Node, http_settings

LETTER = DeadLetter(
    letter_id="a" * 32,
    webhook="desk",
    sequence=12,
    contact_id="c" * 32,
    given_up_at=START,
    attempts=10,
    error="answered 500",
)


@dataclass
class FakeHooks:
    letters: list[DeadLetter] = field(default_factory=lambda: [LETTER])
    asked: list[tuple[int, int | None]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def dead_letters(self, webhook: str, *, limit: int = 50, before: int | None = None):
        if webhook != "desk":
            raise NotKnown("webhook", webhook)
        self.asked.append((limit, before))
        return self.letters

    async def send_again(self, letter_id: str) -> None:
        self._there(letter_id)
        if self.sent:
            raise EventsGone(11, 20, 30)
        self.sent.append(letter_id)

    async def drop(self, letter_id: str) -> None:
        self._there(letter_id)
        self.letters.clear()

    def _there(self, letter_id: str) -> None:
        if letter_id not in {one.letter_id for one in self.letters}:
            raise NotKnown("dead letter", letter_id)


@pytest.fixture
def hooks() -> FakeHooks:
    return FakeHooks()


@pytest.fixture
async def client(hooks: FakeHooks) -> AsyncIterator[httpx.AsyncClient]:
    ports = replace(Node().ports(), webhooks=hooks)
    transport = httpx.ASGITransport(build_app(http_settings(), ports, token=TOKEN))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://node", headers=headers
    ) as made:
        yield made


async def test_letters_are_listed(client: httpx.AsyncClient, hooks: FakeHooks) -> None:
    answer = await client.get("/api/v1/webhooks/desk/dead-letters?limit=7&before=99")
    (one,) = answer.json()["letters"]
    assert (one["sequence"], one["attempts"], one["error"]) == (12, 10, "answered 500")
    assert hooks.asked == [(7, 99)]
    assert (await client.get("/api/v1/webhooks/other/dead-letters")).status_code == 404
    assert (await client.get("/api/v1/webhooks/desk/dead-letters?limit=201")).status_code == 422


async def test_a_letter_is_sent_again_or_dropped(
    client: httpx.AsyncClient, hooks: FakeHooks
) -> None:
    path = f"/api/v1/dead-letters/{LETTER.letter_id}"
    assert (await client.post(f"{path}/send")).status_code == 204
    assert hooks.sent == [LETTER.letter_id]
    gone = await client.post(f"{path}/send")
    assert (gone.status_code, gone.json()["first_sequence"]) == (410, 20)
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert (await client.delete("/api/v1/dead-letters/x")).status_code == 422


async def test_a_node_without_webhooks_says_so() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://node",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        answer = await client.get("/api/v1/webhooks/desk/dead-letters")
    assert answer.status_code == 503
