from copy import deepcopy
from typing import Any

import pytest
from rich.console import Console

from demo.timeline import WORDS_MAX, Timeline


def entry(kind: str, channel: str | None, second: int, **more: Any) -> dict[str, Any]:
    return {
        "at": f"2027-03-01T09:14:{second:02}.000000Z",
        "kind": kind,
        "channel": channel,
        "proof": "proved",
        "contact": None,
        "message": None,
        "ticket": None,
        "note": "",
        **more,
    }


def contact(channel: str, second: int) -> dict[str, Any]:
    outline = {
        "agent_id": "emma",
        "disposition": "handled",
        "talk_s": 9.5,
        "closed_at": "2027-03-01T09:15:00Z",
    }
    return entry("contact", channel, second, contact=outline)


def message(channel: str, second: int, text: str, *files: dict[str, Any]) -> dict[str, Any]:
    said = {"agent_id": None, "author": "customer", "text": text, "attachments": list(files)}
    return entry("message", channel, second, message=said)


FILE = {"name": "invoice.png", "media_type": "image/png", "bytes": 312}
WHOLE = [
    contact("chat", 1),
    message("chat", 1, "Good morning."),
    contact("voice", 20),
    contact("mail", 40),
    message("mail", 40, "Here it is.", FILE),
    entry("ticket", None, 41, ticket={"number": 1042, "subject": "Invoice"}),
    entry("identity", None, 42, note="merged"),
]


def test_all_three_ways_with_the_file_are_one_timeline() -> None:
    whole = Timeline(WHOLE)
    assert list(whole.faults()) == []
    assert whole.as_json() == {"channels": ["chat", "voice", "mail"], "attachments": 1}


@pytest.mark.parametrize(
    ("left_out", "faults"),
    [
        ([2], ["channels chat, mail, not chat, voice, mail", "0 contacts by voice, not 1"]),
        ([4], ["0 attachments, not 1"]),
        ([0, 1], ["channels voice, mail, not chat, voice, mail", "0 contacts by chat, not 1"]),
    ],
)
def test_what_is_missing_is_named(left_out: list[int], faults: list[str]) -> None:
    some = [one for place, one in enumerate(WHOLE) if place not in left_out]
    assert list(Timeline(some).faults()) == faults


def test_of_nobody_everything_is_missing() -> None:
    assert list(Timeline().faults())[:2] == [
        "channels none, not chat, voice, mail",
        "0 attachments, not 1",
    ]
    assert Timeline().as_json() == {"channels": [], "attachments": 0}


@pytest.mark.parametrize("missing", ["agent_id", "closed_at"])
def test_a_call_that_nobody_served_to_its_end_is_a_fault(missing: str) -> None:
    entries = deepcopy(WHOLE)
    entries[2]["contact"][missing] = None
    assert list(Timeline(entries).faults()) == ["the contact by voice was not served to its end"]


def test_the_table_shows_who_said_what_and_which_file() -> None:
    console = Console(width=160, force_terminal=False)
    long = "word " * WORDS_MAX
    with console.capture() as captured:
        console.print(Timeline([*WHOLE, message("mail", 50, long)]))
    text = captured.get()
    for word in ("09:14:40", "emma", "handled, 9.5 s", "Good morning.", "ticket 1042: Invoice",
                 "invoice.png, 312 bytes", "merged", "…"):  # fmt: skip
        assert word in text
    assert long.strip() not in text
