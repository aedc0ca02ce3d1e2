"""Reports of delivery beyond the golden ones."""

import pytest

from channels.mail.bounce import blocks, irregular, looks_like_one, returned_id, standard
from channels.mail.parsed import Failure, RecipientStatus


def test_fields_in_groups() -> None:
    recipient = b"Final-Recipient: rfc822;\r\n b@example.com\r\nAction: failed\r\n"
    raw = b"Reporting-MTA: dns; a\r\n\r\n" + recipient
    assert blocks(raw) == [
        {"reporting-mta": "dns; a"},
        {"final-recipient": "rfc822; b@example.com", "action": "failed"},
    ]


def test_recipients_are_bounded() -> None:
    raw = b"Final-Recipient: rfc822; a@example.com\nAction: failed\n\n" * 1_000
    found = standard(raw, b"")
    assert found is not None
    assert len(found.recipients) == 100


def test_a_code_in_the_diagnosis_counts_where_the_status_is_silent() -> None:
    raw = (
        b"Final-Recipient: rfc822; a@example.com\nAction: FAILED\n"
        b"Diagnostic-Code: smtp; 550 5.7.26 no\n"
    )
    found = standard(raw, b"Message-ID: <x@example.org>\n")
    assert found is not None
    assert found.message_id == "<x@example.org>"
    one = found.recipients[0]
    assert (one.status, one.action, one.diagnostic) == ("5.7.26", Failure.FAILED, "550 5.7.26 no")


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        (Failure.FAILED, "5.1.1", True),
        (Failure.FAILED, "", True),
        (Failure.FAILED, "4.2.2", False),
        (Failure.DELAYED, "4.2.2", False),
        (Failure.DELIVERED, "2.0.0", False),
    ],
)
def test_what_is_final(action: Failure, status: str, permanent: bool) -> None:
    assert RecipientStatus(action=action, status=status).is_permanent is permanent


def test_who_writes_bounces() -> None:
    assert looks_like_one("failure notice", ["x@example.com"], "", {})
    assert looks_like_one("Undelivered Mail", ["MAILER-DAEMON@example.com"], "a@example.com", {})
    assert not looks_like_one("failure notice", ["x@example.com"], "x@example.com", {})
    assert not looks_like_one("Hello", ["x@example.com"], "", {})
    assert looks_like_one(
        "Hello", ["x@example.com"], None, {"x-failed-recipients": "a@example.com"}
    )


def test_a_report_that_names_nothing_is_none() -> None:
    assert irregular("It failed.", [], "failure notice", {}) is None


def test_the_returned_header_is_looked_for_within_bounds() -> None:
    assert returned_id(b"x\n" * 100_000 + b"Message-ID: <late@example.org>\n") == ""
    assert returned_id(b"message-id:  <early@example.org>\n") == "<early@example.org>"
