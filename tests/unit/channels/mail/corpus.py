"""The golden mails, each with what is to be read in it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from channels.mail.parsed import MailAddress, ParsedMail, Quarantined, Refused

FOLDER: Final = Path(__file__).resolve().parents[3] / "golden" / "mail"
MAILS: Final = sorted(FOLDER.glob("*.eml"))


def expected(path: Path) -> dict[str, Any]:
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def shown(addresses: tuple[MailAddress, ...]) -> list[list[str]]:
    return [[one.name, one.address] for one in addresses]


def _files(mail: ParsedMail, wanted: list[list[Any]]) -> None:
    found = [[one.name, one.claimed_type, one.kind.value, len(one.content)] for one in mail.files]
    # A mail within the mail has line ends of its own; its size says nothing.
    sizes = [want[3] for want in wanted]
    assert [file[:3] for file in found] == [want[:3] for want in wanted]
    for file, size in zip(found, sizes, strict=True):
        assert size is None or file[3] == size


def _bounce(mail: ParsedMail, wanted: dict[str, Any] | None) -> None:
    if wanted is None:
        assert mail.bounce is None
        return
    assert mail.bounce is not None
    assert mail.bounce.message_id == wanted["message_id"]
    found = [[one.address, one.action.value, one.status] for one in mail.bounce.recipients]
    assert found == wanted["recipients"]


def _no_surrogates(mail: ParsedMail, _: object) -> None:
    mail.subject.encode()
    mail.text.encode()


def _defects(mail: ParsedMail, wanted: list[str]) -> None:
    assert set(wanted) <= set(mail.defects)
    if not wanted:
        assert mail.defects == ()


SPECIAL: Final[Mapping[str, Callable[[ParsedMail, Any], None]]] = {
    "files": _files,
    "bounce": _bounce,
    "defects": _defects,
    "no_surrogates": _no_surrogates,
}


def compare(found: ParsedMail | Refused | Quarantined, wanted: dict[str, Any]) -> None:
    """Hold what was read against every field that is written down."""
    wanted = {name: value for name, value in wanted.items() if name != "envelope_sender"}
    if "refused" in wanted:
        assert isinstance(found, Refused)
        assert found.code == wanted["refused"]
        return
    if "quarantined" in wanted:
        assert isinstance(found, Quarantined)
        assert found.rule == wanted["quarantined"]
        return
    assert isinstance(found, ParsedMail)
    for name, value in wanted.items():
        if name in SPECIAL:
            SPECIAL[name](found, value)
        elif name.endswith("_has"):
            text = getattr(found, name.removesuffix("_has"))
            assert all(piece in text for piece in value), text
        elif name.endswith("_lacks"):
            text = getattr(found, name.removesuffix("_lacks"))
            assert not [piece for piece in value if piece in text], text
        else:
            actual = getattr(found, name)
            if name in {"senders", "to", "cc", "reply_to"}:
                actual = shown(actual)
            elif name == "date" and actual is not None:
                actual = actual.isoformat()
            elif isinstance(actual, tuple):
                actual = list(actual)
            assert actual == value, name
