"""Who is told what happens, as it happens."""

import asyncio

import pytest

from conversations.followers import FOLLOWERS_MAX, Followers
from domain.conversation_ports import Typing
from domain.errors import LimitExceeded
from domain.message import Author


def typing(number: int = 1) -> Typing:
    return Typing(conversation_id=str(number), author=Author.AGENT, typing=True)


async def test_updates_come_in_order_and_only_to_who_follows() -> None:
    followers = Followers(10)
    one, two = followers.follow("a"), followers.follow("b")
    for number in (1, 2):
        followers.tell("a", typing(number))
    assert [await anext(one) for _ in range(2)] == [typing(1), typing(2)]
    waiting = asyncio.ensure_future(anext(two))
    await asyncio.sleep(0)
    assert not waiting.done()
    followers.tell("b", typing(3))
    assert await waiting == typing(3)


async def test_the_last_one_who_goes_is_told_of() -> None:
    gone: list[str] = []
    followers = Followers(10, gone.append)
    one, two = followers.follow("a"), followers.follow("a")
    await one.aclose()
    assert not gone
    await two.aclose()
    await two.aclose()
    assert gone == ["a"]
    assert "a" not in followers
    with pytest.raises(StopAsyncIteration):
        await anext(two)


async def test_who_takes_nothing_is_ended_with_the_limit() -> None:
    followers = Followers(3)
    slow = followers.follow("a")
    for _ in range(4):
        followers.tell("a", typing())
    with pytest.raises(LimitExceeded, match="4 is over the limit of 3"):
        await anext(slow)
    assert not len(followers)


async def test_the_oldest_makes_room() -> None:
    followers = Followers(3)
    first = followers.follow("a")
    for _ in range(FOLLOWERS_MAX):
        followers.follow("a")
    assert len(followers) == FOLLOWERS_MAX
    with pytest.raises(StopAsyncIteration):
        await anext(first)


async def test_the_end_lets_everybody_read_what_is_there() -> None:
    followers = Followers(3)
    one = followers.follow("a")
    followers.tell("a", typing())
    followers.end()
    assert [update async for update in one] == [typing()]
