"""The reading process's own part, without a process."""

import io

import pytest

from channels.mail import worker
from channels.mail.limits import DEFAULT_LIMITS
from channels.mail.wire import LENGTH, Request, decode_ready, decode_reply, encode, framed
from tests.unit.channels.mail.corpus import MAILS
from tests.unit.channels.mail.signing import MAIL


def request(number: int = 1, raw: bytes = MAIL) -> Request:
    return Request(number, raw, None, frozenset(), {}, DEFAULT_LIMITS)


def frames(raw: bytes) -> list[bytes]:
    found = []
    while raw:
        (size,) = LENGTH.unpack(raw[: LENGTH.size])
        found.append(raw[LENGTH.size : LENGTH.size + size])
        raw = raw[LENGTH.size + size :]
    return found


def served(*requests: Request) -> list[bytes]:
    replies = io.BytesIO()
    worker.serve(io.BytesIO(b"".join(b"".join(framed(encode(one))) for one in requests)), replies)
    return frames(replies.getvalue())


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests' own process keeps its limits.
    monkeypatch.setattr(worker, "limit_processor", lambda _: None)


def test_each_mail_has_its_answer() -> None:
    ready, first, second = served(request(1), request(2, b""))
    assert decode_ready(ready).version == 1
    one, other = decode_reply(first), decode_reply(second)
    assert (one.number, other.number) == (1, 2)
    assert one.mail is not None
    assert other.refused is not None


def test_after_one_that_has_taken_the_memory_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(worker, "read", full)
    _, only = served(request(1), request(2))
    reply = decode_reply(only)
    assert reply.quarantined is not None
    assert reply.quarantined.rule == "memory"


def test_every_golden_mail_comes_through_the_pipe_unchanged() -> None:
    for path in MAILS:
        found = worker.answer(request(1, path.read_bytes()))
        assert decode_reply(encode(found)) == found
