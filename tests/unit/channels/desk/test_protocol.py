import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.desk import protocol
from channels.desk.protocol import Misread, read_command
from domain.agent import AgentState
from tests.house import ROOT
from tests.property.examples import EXAMPLES
from tests.unit.channels.conversation_fakes import hex_id

ONE = hex_id(1)


def test_a_command_is_read() -> None:
    said = read_command(
        json.dumps(
            {"type": "say", "ref": "7", "conversation_id": ONE, "client_id": "a", "text": "Hi"}
        )
    )
    assert isinstance(said, protocol.Say)
    assert (said.ref, said.conversation_id, said.text) == ("7", ONE, "Hi")
    assert isinstance(read_command('{"type":"state","state":"ready"}'), protocol.State)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("", ""),
        ("hello", ""),
        ("[]", ""),
        ('{"type":"shout","ref":"3"}', "3"),
        ('{"type":"accept","ref":"3"}', "3"),
        ('{"type":"state","state":"busy","ref":"3"}', "3"),
        ('{"type":"resume","conversation_id":"../x","ref":"3"}', "3"),
        (f'{{"type":"say","ref":"3","conversation_id":"{ONE}","client_id":"a","text":""}}', "3"),
        ('{"type":"decline","offer_id":"x","more":1,"ref":"3"}', "3"),
        (f'{{"type":"decline","offer_id":"x","ref":{"9" * 80}}}', ""),
        ("[" * 100_000, ""),
    ],
)
def test_what_is_not_in_the_protocol_is_named(text: str, ref: str) -> None:
    with pytest.raises(Misread) as misread:
        read_command(text)
    assert misread.value.ref == ref
    assert str(misread.value)


def test_a_mistake_does_not_repeat_what_was_said() -> None:
    text = json.dumps({"type": "say", "conversation_id": "secret", "text": "my secret"})
    with pytest.raises(Misread) as misread:
        read_command(text)
    assert "secret" not in str(misread.value)


@settings(deadline=None, max_examples=EXAMPLES * 8)
@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(Misread):
        read_command(text)


def test_done_leaves_out_what_it_does_not_say() -> None:
    told = json.loads(protocol.write(protocol.Done(ref="7", state=AgentState.READY)))
    assert told == {"type": "done", "ref": "7", "state": "ready"}


def test_the_schema_is_the_one_in_the_documents() -> None:
    written = json.loads((ROOT / "docs" / "protocols" / "desk.schema.json").read_text("utf-8"))
    assert written == protocol.schema(), "run: python -m docs.make_desk"


@pytest.mark.parametrize("page", ["desk.md", "desk.zh.md"])
def test_the_page_speaks_of_every_message_and_close_code(page: str) -> None:
    text = (ROOT / "docs" / "protocols" / page).read_text("utf-8")
    definitions = protocol.schema()["$defs"]
    for side in ("FromDesk", "ToDesk"):
        for name in definitions[side]["discriminator"]["mapping"]:
            assert f"`{name}`" in text, name
    for code in ("1001", "1003", "1009", "1011", "1013", "4008"):
        assert f"| {code} |" in text
    assert protocol.SUBPROTOCOL in text
