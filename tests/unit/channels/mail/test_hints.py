"""Language, complaint and urgency by their words."""

import pytest

from channels.mail.hints import complains, language_of, urgency


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel? I have been waiting for a week.", "en"),
        ("您好，我的订单还没有到。", "zh"),
        ("我的 iPhone 15 Pro Max 256GB 订单 ORDER-123 没到", "zh"),
        ("The order 订单 has not been shipped to me yet, can you please check it?", "en"),
        ("注文した商品がまだ届きません。", ""),
        ("주문한 상품이 아직 오지 않았습니다.", ""),
        ("Wo ist meine Bestellung? Ich warte schon seit einer Woche darauf.", ""),
        ("Où est ma commande ? Je l'attends depuis une semaine.", ""),
        ("12345 !!!", ""),
        ("", ""),
    ],
)
def test_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_only_the_beginning_is_looked_at() -> None:
    assert language_of("您好，" * 5_000 + "the " * 100_000) == "zh"


@pytest.mark.parametrize(
    "text", ["This is a complaint.", "I want a refund", "我要投诉你们", "太差了，退款！"]
)
def test_complaints(text: str) -> None:
    assert complains("Order", text)
    assert complains(text, "")


@pytest.mark.parametrize("text", ["Where is it?", "请问什么时候发货"])
def test_questions(text: str) -> None:
    assert not complains("Order", text)


@pytest.mark.parametrize(
    ("headers", "text", "steps"),
    [
        ({}, "Where is it?", 0),
        ({"importance": "High"}, "", 1),
        ({"x-priority": "1 (Highest)"}, "", 1),
        ({"x-priority": "3"}, "", 0),
        ({"x-priority": "5"}, "", -1),
        ({"priority": "non-urgent"}, "", -1),
        ({"priority": "urgent"}, "", 1),
        ({"importance": "low"}, "This is urgent!", 1),
        ({}, "请尽快处理", 1),
    ],
)
def test_urgency(headers: dict[str, str], text: str, steps: int) -> None:
    assert urgency(headers, "Order", text) == steps
