import asyncio
import ssl
from contextlib import asynccontextmanager

import pytest

from channels.webhooks.client import ANSWER_BYTES_MAX
from channels.webhooks.message import Message
from channels.webhooks.poster import Outcome, Poster
from tests.certificates import write_certificate
from tests.unit.channels.http.fakes import START
from tests.unit.channels.webhooks.receiver import KEY, FastTime, Receiver, status

MESSAGE = Message(
    message_id="evt_1", sequence=1, at=START, kind="AlertRaised", body='{"type":"客"}'.encode()
)


@asynccontextmanager
async def posting(url, *, timeout_s=5.0, tls=None):
    async with Poster(
        url,
        key=KEY,
        timeout_s=timeout_s,
        clock=FastTime(),
        tls=tls or ssl.create_default_context(),
        user_agent="Warmline/1.2.3",
    ) as poster:
        yield poster


async def test_a_message_arrives_whole_and_signed():
    async with Receiver() as receiver, posting(receiver.url) as poster:
        assert await poster.post(MESSAGE) == Outcome(status=200)
        (posted,) = receiver.posted
    assert posted.line == "POST /hook HTTP/1.1"
    assert posted.body == MESSAGE.body
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["user-agent"] == "Warmline/1.2.3"
    assert posted.headers["webhook-id"] == "evt_1"
    assert posted.headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert posted.is_signed()
    assert not posted.is_signed(bytes(32))


async def test_a_connection_is_used_again():
    async with Receiver() as receiver, posting(receiver.url) as poster:
        for _ in range(3):
            assert (await poster.post(MESSAGE)).taken
        assert (len(receiver.posted), receiver.connections) == (3, 1)


@pytest.mark.parametrize(
    ("code", "taken", "down", "gone"),
    [
        (200, True, False, False),
        (204, True, False, False),
        (299, True, False, False),
        (301, False, False, False),
        (400, False, False, False),
        (410, False, False, True),
        (429, False, True, False),
        (500, False, True, False),
        (503, False, True, False),
    ],
)
async def test_what_an_answer_means(code, taken, down, gone):
    async with Receiver(status(code)) as receiver, posting(receiver.url) as poster:
        outcome = await poster.post(MESSAGE)
    assert outcome.status == code
    assert (outcome.taken, outcome.down, outcome.gone) == (taken, down, gone)


async def test_a_redirect_is_not_followed():
    async with Receiver() as elsewhere:
        answer = status(307, f"Location: {elsewhere.url}")
        async with Receiver(answer) as receiver, posting(receiver.url) as poster:
            outcome = await poster.post(MESSAGE)
        assert (outcome.status, outcome.taken) == (307, False)
        assert elsewhere.posted == []


async def test_when_to_come_back_is_told():
    async with (
        Receiver(status(503, "Retry-After: 7")) as receiver,
        posting(receiver.url) as poster,
    ):
        assert (await poster.post(MESSAGE)).retry_after == "7"


async def test_a_receiver_that_hangs_is_left_and_its_connection_closed():
    async with Receiver(None) as receiver, posting(receiver.url, timeout_s=0.25) as poster:
        outcome = await poster.post(MESSAGE)
        assert (outcome.status, outcome.down) == (None, True)
        assert outcome.cause == "no answer within 0.25 s"
        await receiver.until(lambda: receiver.cut == 1)
        assert (await poster.post(MESSAGE)).taken


async def test_a_receiver_that_drips_is_not_waited_for():
    left = asyncio.Event()

    async def drip(_reader, writer):
        try:
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            writer.close()
            left.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with posting(f"http://127.0.0.1:{port}/", timeout_s=0.1) as poster:
            assert (await poster.post(MESSAGE)).cause == "no answer within 0.1 s"
        async with asyncio.timeout(5):
            await left.wait()


async def test_a_long_answer_is_not_read_to_its_end():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"
    long = head + b"x" * (ANSWER_BYTES_MAX + 1)
    async with Receiver(long) as receiver, posting(receiver.url) as poster:
        assert (await poster.post(MESSAGE)).taken
        await receiver.until(lambda: receiver.cut == 1)
        assert (await poster.post(MESSAGE)).taken
        assert receiver.connections == 2


async def test_an_answer_that_breaks_off_after_its_status_counts():
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n"
    async with Receiver(broken) as receiver, posting(receiver.url) as poster:
        assert (await poster.post(MESSAGE)).taken


@pytest.mark.parametrize("answer", [b"not HTTP at all\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_what_is_no_answer(answer):
    async with Receiver(answer) as receiver, posting(receiver.url) as poster:
        outcome = await poster.post(MESSAGE)
    assert (outcome.status, outcome.down) == (None, True)
    assert outcome.cause.startswith("RemoteProtocolError")


async def test_nobody_there():
    async with Receiver() as receiver:
        url = receiver.url
    async with posting(url) as poster:
        outcome = await poster.post(MESSAGE)
    assert outcome.status is None
    assert outcome.cause.startswith("ConnectError")


async def test_a_cookie_is_not_kept():
    async with (
        Receiver(status(204, "Set-Cookie: a=b; Path=/")) as receiver,
        posting(receiver.url) as poster,
    ):
        for _ in range(2):
            await poster.post(MESSAGE)
        assert "cookie" not in receiver.posted[1].headers


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with Receiver() as receiver, posting(receiver.url) as poster:
        assert (await poster.post(MESSAGE)).taken


def server_context(folder, address="127.0.0.1"):
    certificate, key = write_certificate(folder, address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, ssl.create_default_context(cafile=str(certificate))


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    theirs, _ = server_context(tmp_path)
    async with Receiver(tls=theirs) as receiver, posting(receiver.url) as poster:
        outcome = await poster.post(MESSAGE)
        assert outcome.status is None
        assert "CERTIFICATE_VERIFY_FAILED" in outcome.cause
        assert receiver.posted == []


async def test_a_certificate_for_another_host_is_refused(tmp_path):
    theirs, ours = server_context(tmp_path, "127.0.0.2")
    async with Receiver(tls=theirs) as receiver, posting(receiver.url, tls=ours) as poster:
        outcome = await poster.post(MESSAGE)
        assert "CERTIFICATE_VERIFY_FAILED" in outcome.cause
        assert receiver.posted == []


async def test_a_certificate_that_is_vouched_for_is_believed(tmp_path):
    theirs, ours = server_context(tmp_path)
    async with Receiver(tls=theirs) as receiver, posting(receiver.url, tls=ours) as poster:
        assert await poster.post(MESSAGE) == Outcome(status=200)
        assert receiver.posted[0].is_signed()
