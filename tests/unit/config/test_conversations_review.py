import pytest

from tests.config_support import RIGHT, loaded, mistakes, warned


def test_nothing_need_be_said() -> None:
    talk = loaded(RIGHT).configuration.conversations
    assert (talk.away_s, talk.idle_close_s, talk.offer_s["chat"]) == (120, 900, 20)
    assert talk.lines.closed is None


def test_own_words_and_times() -> None:
    text = RIGHT + (
        "conversations:\n  answer_s: {mail: 7200}\n  lines:\n    closed: {en: Bye, zh: 再见}\n"
    )
    talk = loaded(text).configuration.conversations
    assert talk.answer_s == {"mail": 7200}
    assert talk.lines.closed is not None
    assert talk.lines.closed.zh == "再见"
    assert warned(text) == []


@pytest.mark.parametrize("times", ["idle_warn_s: 900", "idle_warn_s: 60, idle_close_s: 60"])
def test_a_chat_is_warned_before_it_closes(times: str) -> None:
    (mistake,) = mistakes(RIGHT + f"conversations: {{{times}}}\n")
    assert "conversations" in mistake.keys
    assert mistake.allowed.startswith("less than idle_close_s")


def test_a_customer_who_is_away_longer_than_a_chat_lasts_is_odd() -> None:
    ((_, path),) = warned(RIGHT + "conversations: {away_s: 1000}\n")
    assert path == "conversations.away_s"


def test_an_unknown_line_is_refused() -> None:
    (mistake,) = mistakes(RIGHT + "conversations: {lines: {hello: {en: a, zh: b}}}\n")
    assert "hello" in str(mistake)
