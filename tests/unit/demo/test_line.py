"""What a telephone tells, with a telephone that is a stream of lines."""

import asyncio
import json
from pathlib import Path

import pytest

from demo.line import Line


class Telephone:
    def __init__(self) -> None:
        self.line = Line("bill", Path("/nowhere"), "127.0.0.2")
        self.reader = asyncio.StreamReader()
        self.reading = asyncio.create_task(self.line._read(self.reader))

    def tell(self, what: str, **fields: object) -> None:
        self.reader.feed_data((json.dumps({"told": what, **fields}) + "\n").encode())


@pytest.fixture
async def telephone():
    made = Telephone()
    yield made
    made.reader.feed_eof()
    await made.reading


async def test_what_was_told_before_is_returned_at_once_and_once(telephone: Telephone) -> None:
    telephone.tell("answered", leg=1)
    telephone.tell("answered", leg=2)
    assert (await telephone.line.told("answered"))["leg"] == 1
    assert (await telephone.line.told("answered"))["leg"] == 2


async def test_only_what_fits_is_waited_for(telephone: Telephone) -> None:
    waiting = asyncio.create_task(telephone.line.told("ended", leg=2))
    telephone.tell("ended", leg=1)
    telephone.tell("played", leg=2)
    telephone.tell("ended", leg=2, lost=0)
    assert await waiting == {"told": "ended", "leg": 2, "lost": 0}
    assert (await telephone.line.told("ended"))["leg"] == 1


async def test_what_two_wait_for_is_given_to_one(telephone: Telephone) -> None:
    first = asyncio.create_task(telephone.line.told("incoming"))
    second = asyncio.create_task(telephone.line.told("incoming"))
    await asyncio.sleep(0)
    telephone.tell("incoming", leg=1)
    assert (await first)["leg"] == 1
    assert not second.done()
    telephone.tell("incoming", leg=2)
    assert (await second)["leg"] == 2


async def test_what_is_not_told_in_time_says_what_was_missing(telephone: Telephone) -> None:
    with pytest.raises(TimeoutError, match=r"bill: not told .*'registered'.*within 0 s"):
        await telephone.line.told("registered", timeout_s=0)
