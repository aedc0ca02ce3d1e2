from datetime import timedelta

import pytest
from sqlalchemy import bindparam, text

from domain.errors import LimitExceeded
from store.conversation_schema import MESSAGE_WORDS
from store.statements import Step
from tests.store_support import START
from tests.written_support import (
    ANNAS_ID,
    BERTS_ID,
    attachment,
    conversation,
    hexed,
    inbound,
    message,
    put_files,
)

TEXTS = (
    "Ich möchte mein Geld zurück, Rechnung R-4711",
    "我要退款，谢谢",
    "The router is broken again. Refund please!",
    "退货可以吗？我的款还没到",
    "返金してください",
    "환불해 주세요",
    "ＲＥＦＵＮＤ now",
)


@pytest.fixture
async def written(store, tmp_path):
    """Messages of the texts, by number from 1, each in a conversation of its own."""
    await put_files(store, tmp_path, attachment(1, name="Screenshot_老板.png"))
    for number, said in enumerate(TEXTS, start=1):
        which = hexed(number, "c")
        whose = ANNAS_ID if number % 2 else BERTS_ID
        stands = conversation(number, customer_id=whose, last_sequence=1)
        one = message(
            number,
            conversation_id=which,
            sequence=1,
            text=said,
            subject="Betreff: Störung" if number == 3 else "",
            attachments=(attachment(1, name="Screenshot_老板.png"),) if number == 1 else (),
            at=START + timedelta(seconds=number),
        )
        await store.conversations.add(stands, one, inbound=inbound(str(number)), is_new=True)
    return store.conversations


def numbers(found):
    return [int(one.message_id[1:], 16) for one in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("refund", [7, 3]),
        ("REFUND please", [3]),
        ("refund   router", [3]),
        ("ref", []),
        ("geld zurück", [1]),
        ("4711", [1]),
        ("r-4711", [1]),
        ("退款", [2]),
        ("款退", []),
        ("退", [4, 2]),
        ("款", [4, 2]),
        ("要退款", [2]),
        ("退款 谢谢", [2]),
        ("返金して", [5]),
        ("환불", [6]),
        ("störung", [3]),
        ("screenshot", [1]),
        ("老板", [1]),
        ("geld refund", []),
        ("", []),
        ("!? *", []),
        ('" OR "a', []),
        ("' | '", []),
    ],
)
async def test_what_is_found_by_which_words(written, words, expected):
    assert numbers(await written.search(words)) == expected
    # Of both customers it is the same, by another way.
    assert numbers(await written.search(words, customer_ids=[ANNAS_ID, BERTS_ID])) == expected


async def test_a_hit_tells_where_it_is(written):
    (found,) = await written.search("退款")
    assert (found.message_id, found.conversation_id) == (hexed(2, "d"), hexed(2, "c"))
    assert (found.customer_id, found.excerpt) == (BERTS_ID, TEXTS[1])
    assert found.at == START + timedelta(seconds=2)
    (found,) = await written.search("störung")
    assert found.excerpt == "Betreff: Störung"


async def test_only_what_the_customers_have_written(written):
    assert numbers(await written.search("退", customer_ids=[ANNAS_ID])) == []
    assert numbers(await written.search("退", customer_ids=[BERTS_ID])) == [4, 2]
    assert numbers(await written.search("geld", customer_ids=[ANNAS_ID])) == [1]


async def test_characters_in_another_order_cost_no_place_on_the_page(store):
    """Of those that have both pairs of characters, many have them apart."""
    for number in range(1, 41):
        said = "要退款" if number in (3, 9) else "退款 要退"
        stands = conversation(last_sequence=number)
        one = message(number, text=said)
        await store.conversations.add(stands, one, inbound=inbound(str(number)), is_new=number == 1)
    assert numbers(await store.conversations.search("要退款", limit=2)) == [9, 3]
    assert numbers(await store.conversations.search("要退款", limit=1)) == [9]


async def test_pages_join_without_a_gap(store):
    for number in range(1, 8):
        stands = conversation(last_sequence=number, customer_id=ANNAS_ID)
        one = message(number, text=f"refund {number}")
        await store.conversations.add(stands, one, inbound=inbound(str(number)), is_new=number == 1)
    search = store.conversations.search
    for customer_ids in ((), (ANNAS_ID,)):
        seen, before = [], None
        while page := await search("refund", limit=3, before=before, customer_ids=customer_ids):
            seen += numbers(page)
            before = page[-1].message_id
        assert seen == list(range(7, 0, -1))
    assert await search("refund", before=hexed(99, "d")) == []
    with pytest.raises(LimitExceeded, match="201"):
        await search("refund", limit=201)


async def test_what_is_removed_is_not_found(written, store):
    gone = MESSAGE_WORDS.delete().where(MESSAGE_WORDS.c.message_id == bindparam("which"))
    await store.database.write("words", Step(gone, ({"which": hexed(3, "d")},)))
    assert numbers(await written.search("refund")) == [7]
    assert numbers(await written.search("router")) == []
    if store.database.dialect == "sqlite":
        # FTS5's own look at whether the index and the rows agree.
        look = text(
            "INSERT INTO message_search (message_search, rank) VALUES ('integrity-check', 1)"
        )
        await store.database._transactor.run_sync(lambda connection: connection.execute(look))
