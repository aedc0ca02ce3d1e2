"""Every golden mail is read as is written down beside it."""

from pathlib import Path

import pytest

from channels.mail.parse import read
from tests.unit.channels.mail.corpus import MAILS, compare, expected


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_golden_mail(path: Path) -> None:
    wanted = expected(path)
    sender = wanted.get("envelope_sender", "customer@example.com")
    found = read(path.read_bytes(), envelope_sender=sender, own_addresses=["support@example.org"])
    compare(found, wanted)


def test_there_are_enough_of_them() -> None:
    assert len(MAILS) >= 80
