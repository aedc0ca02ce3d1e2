import asyncio
import json

import pytest

from channels.lookup.lookup import Lookup
from channels.webhooks.client import ANSWER_BYTES_MAX
from config.customers import Lookup as Settings
from config.secret import Secret
from domain.contact import Channel
from domain.customer import Identifier, IdentifierKind
from domain.customer_ports import LookupQuestion
from domain.errors import ConfigurationError
from tests.store_support import contact_id
from tests.unit.channels.webhooks.receiver import SECRET, FastTime, Receiver, status

FAST_S = 0.05
"""For tests of a side that never answers: waited in full."""


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("CRM", SECRET)


def ok(body, length=None) -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = len(raw) if length is None else length
    return f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + raw


def question(number: int = 1) -> LookupQuestion:
    return LookupQuestion(
        contact_id=contact_id(number),
        channel=Channel.VOICE,
        queue_id="billing",
        language="en",
        identifier=Identifier(IdentifierKind.PHONE, f"+49301{number:04}"),
    )


def lookup(url: str, clock: FastTime | None = None, **more) -> Lookup:
    settings = Settings.model_validate(
        {"url": url, "secret": Secret(env="CRM"), "timeout_s": 5.0, **more}
    )
    return Lookup(settings, clock=clock or FastTime(), version="1")


async def test_a_question_is_signed_and_its_answer_read():
    answer = {
        "number": "C-1",
        "value": 4,
        "phones": ["+49301"],
        "colour": "blue",
        "profiling": True,
    }
    async with Receiver(ok(answer)) as crm, lookup(crm.url) as asked:
        change = await asked.ask(question())
    assert change is not None
    assert (change.number, change.fields["value"]) == ("C-1", 4)
    (posted,) = crm.posted
    assert posted.is_signed()
    assert posted.told == {
        "contact_id": contact_id(1),
        "channel": "voice",
        "queue_id": "billing",
        "language": "en",
        "identifier": {"kind": "phone", "value": "+493010001"},
    }
    assert asked.figures.asked["found"] == 1


@pytest.mark.parametrize("code", [404, 204])
async def test_a_customer_whom_the_other_side_does_not_know_is_no_failure(code):
    async with Receiver(status(code)) as crm, lookup(crm.url, failures_max=1) as asked:
        assert await asked.ask(question()) is None
        assert asked.figures.asked["unknown"] == 1
        assert not asked.figures.resting


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(302, "Location: http://127.0.0.1:1/"),
        ok(b"no json"),
        ok([1]),
        ok({"value": 9}),
        ok({"number": "x" * 100}),
        ok(b"[" * 60_000),
        ok({"name": "x" * ANSWER_BYTES_MAX}),
        ok(b"{}", length=10_000_000_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"fff0\r\n"
        + b"x" * 0xFFF0
        + b"\r\nfff0\r\n"
        + b"x" * 0xFFF0
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"not http\r\n\r\n",
    ],
    ids=[
        *("broken", "elsewhere", "no-json", "a-list", "a-lie", "a-long-lie", "deep", "huge"),
        *("endless", "huge-in-chunks", "bad-length", "no-http"),
    ],
)
async def test_a_lying_or_huge_answer_is_a_failure_and_no_more(answer):
    timeout_s = FAST_S if answer.endswith(b"{}") else 5.0
    async with Receiver(answer) as crm, lookup(crm.url, timeout_s=timeout_s) as asked:
        assert await asked.ask(question()) is None
        assert asked.figures.asked["failed"] == 1


async def test_a_slow_side_is_waited_for_no_longer_than_allowed():
    loop = asyncio.get_running_loop()
    async with Receiver(None) as crm, lookup(crm.url, timeout_s=FAST_S) as asked:
        begun_s = loop.time()
        assert await asked.ask(question()) is None
        assert loop.time() - begun_s < 2.0
        assert asked.figures.asked["failed"] == 1


async def test_a_dead_side_is_left_alone_and_tried_again():
    clock = FastTime()
    async with (
        Receiver(status(500), status(500)) as crm,
        lookup(crm.url, clock, failures_max=2, retry_s=30) as asked,
    ):
        for number in range(4):
            assert await asked.ask(question(number)) is None
        assert len(crm.posted) == 2
        assert asked.figures.asked["resting"] == 2
        assert asked.figures.resting
        clock.now_s += 30
        crm.answers = [ok({"value": 3})]
        assert await asked.ask(question(9)) is not None
        assert not asked.figures.resting


async def test_nobody_listens():
    async with Receiver() as crm:
        url = crm.url
    async with lookup(url) as asked:
        assert await asked.ask(question()) is None
        assert asked.figures.asked["failed"] == 1


async def test_who_comes_again_is_not_asked_for_anew_for_a_while():
    clock = FastTime()
    async with (
        Receiver(*[ok({"value": 3})] * 9) as crm,
        lookup(crm.url, clock, cache_s=60, cache_max=2) as asked,
    ):
        assert await asked.ask(question(1)) is not None
        assert await asked.ask(question(1)) is None
        assert asked.figures.asked["cached"] == 1
        clock.now_s += 61
        assert await asked.ask(question(1)) is not None
        for number in (2, 3, 1):
            assert await asked.ask(question(number)) is not None
        assert len(crm.posted) == 5


async def test_no_more_than_some_questions_at_once():
    async with (
        Receiver(None, None) as crm,
        lookup(crm.url, timeout_s=FAST_S * 4, at_once_max=2) as asked,
    ):
        await asyncio.gather(*(asked.ask(question(number)) for number in range(5)))
        assert asked.figures.asked["busy"] == 3
        assert asked.figures.asked["failed"] == 2


async def test_a_question_that_is_cancelled_is_no_failure():
    async with Receiver(None) as crm, lookup(crm.url, failures_max=1) as asked:
        task = asyncio.create_task(asked.ask(question()))
        await crm.got(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await asked.ask(question(2)) is None
        assert len(await crm.got(2)) == 2


async def test_nothing_personal_is_logged(capsys):
    lie = {"phones": ["+4930999 geheim"], "number": "C-1"}
    async with Receiver(ok(lie)) as crm, lookup(crm.url) as asked:
        assert await asked.ask(question()) is None
    told = capsys.readouterr()
    assert "geheim" not in told.out + told.err
    assert "+49301" not in told.out + told.err


def test_a_secret_that_is_none(monkeypatch):
    monkeypatch.setenv("CRM", "whsec_AAAA")
    with pytest.raises(ConfigurationError, match=r"customers\.lookup"):
        lookup("https://crm.example.org/")
