"""Addresses, return addresses, client ids, places: what is pure."""

import pytest

from channels.mail.addresses import Boxes, place_of, split
from channels.mail.answer import NOT_STORED, TAKEN, Answer, of_all
from channels.mail.client_id import client_id_of, read_client_id
from channels.mail.imap_folder import FolderPlace, folder_name
from channels.mail.sources import Sources, source_of
from channels.mail.verp import ReturnPaths
from config.mail import MailBox
from domain.message import CLIENT_ID_CHARACTERS_MAX
from tests.mail_support import KEY, mail_bytes

BOX = MailBox.model_validate(
    {
        "id": "support", "addresses": ["support@例子.example"], "queue": "service",
        "topics": [
            {"topic": "invoice", "words": ["Invoice", "发票"], "queue": "billing", "priority": 2},
            {"topic": "parcel", "words": ["parcel"]},
        ],
    }
)  # fmt: skip


def test_an_address_in_parts():
    assert split("Support+Token@EXAMPLE.org.") == ("support", "token", "example.org")
    assert split("a+b+c@x") == ("a", "b+c", "x")
    assert split("a@xn--fsqu00a.example") == ("a", "", "例子.example")
    assert split("a@xn--\udc80.example")[2] == "xn--\udc80.example"


@pytest.mark.parametrize(
    "address", ["support@例子.example", "SUPPORT+x@xn--fsqu00a.example", "postmaster@例子.example"]
)
def test_a_mailbox_is_found(address):
    assert Boxes([BOX]).of_address(address) is BOX


@pytest.mark.parametrize("address", ["", "support", "support@example", "sup+port@例子.example"])
def test_what_is_not_ours(address):
    assert Boxes([BOX]).of_address(address) is None


def test_words_make_the_topic():
    assert place_of(BOX, "My INVOICE", "").queue_id == "billing"
    assert place_of(BOX, "", "请开发票").priority == 2
    assert place_of(BOX, "parcel", "") == place_of(BOX, "", "a parcel")
    assert place_of(BOX, "parcel", "").queue_id == "service"
    assert place_of(BOX, "hello", "").topic == ""


def test_a_mailbox_of_a_queue():
    other = BOX.model_copy(update={"id": "other", "queue": "sales", "topics": []})
    boxes = Boxes([other, BOX])
    assert boxes.of_queue("service") is BOX
    assert boxes.of_queue("billing") is BOX
    assert boxes.of_queue("unknown") is other


def test_a_return_address_names_its_mail_and_no_other_can_be_made():
    paths = ReturnPaths("bounces@example.org", KEY)
    address = paths.of("0123456789abcdef" * 2)
    local = address.partition("@")[0]
    assert len(local) <= 64
    assert paths.message_of(address) == "0123456789abcdef" * 2
    assert paths.message_of(address.upper()) == "0123456789abcdef" * 2
    assert ReturnPaths("bounces@example.org", b"x" * 32).message_of(address) is None
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    for place in range(len("bounces+b_"), len(local) - 1):
        other = letters[(letters.index(address[place]) + 1) % 32]
        forged = address[:place] + other + address[place + 1 :]
        assert paths.message_of(forged) is None


@pytest.mark.parametrize(
    "address", ["bounces@example.org", "bounces+b_@example.org", "bounces+b_!!@example.org", "",
                "other+b_aaaa@example.org", f"bounces+b_{'a' * 42}@example.org"],
)  # fmt: skip
def test_what_is_no_return_address(address):
    assert ReturnPaths("bounces@example.org", KEY).message_of(address) is None


def test_the_same_mail_by_two_ways_has_one_id():
    raw = mail_bytes()
    by_imap = b"Received: from a\r\n by b\r\n" + raw.replace(b"\r\n", b"\n") + b"\n\n"
    first = client_id_of("<1@example.com>", "support", raw)
    assert first == client_id_of("<1@example.com>", "support", by_imap)
    assert read_client_id(first) == ("<1@example.com>", "support")


def test_what_differs_has_another_id():
    raw = mail_bytes()
    ids = {
        client_id_of("<1@x>", "support", raw),
        client_id_of("<1@x>", "sales", raw),
        client_id_of("<1@x>", "support", mail_bytes(text="other")),
        client_id_of("<2@x>", "support", raw),
        client_id_of("", "support", raw),
        client_id_of("", "support", mail_bytes(subject="other")),
    }
    assert len(ids) == 6
    assert all(len(one) <= CLIENT_ID_CHARACTERS_MAX for one in ids)


@pytest.mark.parametrize("mail_id", ["", f"<{'x' * 200}@x>", "<a b@x>", "<a>#b.c", "<\n@x>"])
def test_an_id_that_does_not_fit_is_a_hash(mail_id):
    client_id = client_id_of(mail_id, "support", b"x")
    assert client_id.startswith("sha256:")
    assert read_client_id(client_id) == ("", "")


def test_one_answer_for_many():
    refused = Answer(550, "5.1.1 no")
    assert of_all([refused, TAKEN]) is TAKEN
    assert of_all([TAKEN, NOT_STORED]) is NOT_STORED
    assert of_all([refused]) is refused


def test_a_source_is_an_address_or_a_network():
    assert source_of("192.0.2.1") == "192.0.2.1"
    assert source_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff:1")
    assert source_of("fe80::1%eth0") == "fe80::"
    assert source_of("") == ""


def test_each_source_has_its_limits():
    sources = Sources(all_max=3, per_source_max=2, per_source_per_min=3)
    assert [sources.enter("a", 0), sources.enter("a", 1), sources.enter("a", 2)] == [
        None, None, "source",
    ]  # fmt: skip
    assert sources.enter("b", 2) is None
    assert sources.enter("c", 2) == "connections"
    sources.leave("a")
    assert sources.enter("a", 3) is None
    sources.leave("a")
    assert sources.enter("a", 4) == "rate"
    assert sources.enter("a", 60) is None
    assert sources.connections == 3


def test_a_place_waits_for_the_mail_that_is_not_stored():
    place = FolderPlace(7, 10)
    assert place.select(7) is False
    assert place.found([10, 12, 13, 15]) == [12, 13, 15]
    place.done(12)
    place.done(15)
    assert place.uid == 12
    assert place.found([12, 13, 15, 16]) == [13, 16]
    place.done(13)
    assert place.uid == 15
    place.done(16)
    assert place.uid == 16


def test_another_validity_begins_anew():
    place = FolderPlace(7, 10)
    assert place.select(8) is True
    assert (place.uid, place.validity) == (0, 8)
    place.found([2, 5])
    place.pass_over([1, 3, 4])
    assert place.uid == 1
    place.done(2)
    assert place.uid == 4


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("INBOX", '"INBOX"'),
        ("a & b", '"a &- b"'),
        ("台北", '"&U,BTFw-"'),
        ("~peter/mail/台北/日本語", '"~peter/mail/&U,BTFw-/&ZeVnLIqe-"'),
        ('a"\\', '"a\\"\\\\"'),
    ],
)
def test_a_folder_in_modified_utf_7(name, quoted):
    """Examples of RFC 3501 section 5.1.3."""
    assert folder_name(name) == quoted
