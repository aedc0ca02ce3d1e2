import base64
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.webhooks.signature import signature, signed_headers

# Computed apart from this code, with `openssl dgst -sha256 -mac HMAC` over the same bytes.
KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
BODY = b'{"type":"AlertRaised"}'
EXPECTED = "v1,ioAGvxXp6C76b4oV/aOeGoofMN4H/ImRUo/5mvDpxeg="
AT = datetime(2026, 1, 1, 0, 0, 0, 900_000, tzinfo=UTC)
# The example that the libraries of Standard Webhooks are tested with.
PUBLISHED_KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
PUBLISHED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_value_that_was_computed_elsewhere():
    assert signature(KEY, "evt_1", 1_767_225_600, BODY) == EXPECTED


def test_the_published_example():
    body = b'{"test": 2432232314}'
    made = signature(PUBLISHED_KEY, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert made == PUBLISHED


def test_the_headers_of_an_attempt():
    assert signed_headers(KEY, "evt_1", AT, BODY) == {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": "1767225600",
        "Webhook-Signature": EXPECTED,
    }


@pytest.mark.parametrize(
    ("message_id", "timestamp_s", "body"),
    [("evt_2", 1_767_225_600, BODY), ("evt_1", 1_767_225_601, BODY), ("evt_1", 1_767_225_600, b"")],
)
def test_all_three_parts_are_signed(message_id, timestamp_s, body):
    assert signature(KEY, message_id, timestamp_s, body) != EXPECTED


def test_the_parts_cannot_be_cut_elsewhere():
    with pytest.raises(AssertionError, match="cut elsewhere"):
        signature(KEY, "evt.1", 1, BODY)


def test_the_page_for_receivers_checks_as_we_sign():
    page = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text("utf-8")
    assert EXPECTED in page
    code = page.partition("In Python:\n")[2].partition("\nTo try it")[0]
    names: dict[str, Any] = {}
    exec(textwrap.dedent(code), names)  # The page's own words, tried as a reader would.
    secret = "whsec_" + base64.b64encode(KEY).decode()
    assert secret in page
    headers = {name.lower(): value for name, value in signed_headers(KEY, "e", AT, BODY).items()}
    assert names["is_ours"](secret, headers, BODY)
    assert not names["is_ours"](secret, headers, BODY + b" ")
