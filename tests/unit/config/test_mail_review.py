import pytest

from config.mail import mail_address
from tests.certificates import write_certificate
from tests.config_support import ENVIRON, RIGHT, loaded, mistakes, warned

BOX = "{id: support, queue: service, addresses: [support@example.org]}"
SMTP = "receive: {smtp: {port: 2525}}"
SEND = "send: {host: relay.example.net}"


def mail(*lines: str, boxes: str = BOX) -> str:
    inside = "".join(f"  {line}\n" for line in ("enabled: true", f"boxes: [{boxes}]", *lines))
    return f"{RIGHT}mail:\n{inside}"


def only(text: str) -> tuple[str, str]:
    (mistake,) = mistakes(text)
    return mistake.path, f"{mistake.found}; {mistake.allowed}; {mistake.hint}"


def test_a_right_one():
    text = mail(SMTP, SEND)
    section = loaded(text).configuration.mail
    assert section.boxes[0].addresses == ["support@example.org"]
    assert not [path for _, path in warned(text) if path.startswith("mail")]


def test_it_is_off_by_default():
    assert loaded(RIGHT).configuration.mail.enabled is False


@pytest.mark.parametrize(
    ("boxes", "path", "words"),
    [
        (BOX.replace("service", "servise"), "mail.boxes[0].queue", "did you mean service?"),
        (f"{BOX}, {BOX.replace('support@', 'SUPPORT@').replace('id: support', 'id: b')}",
         "mail.boxes[1].addresses[0]", "the first is on line"),
        (f"{BOX}, {BOX.replace('support@', 'other@')}", "mail.boxes[1].id", "a second time"),
        (BOX.replace("support@", "support+x@"), "mail.boxes[0].addresses[0]", "without +"),
        (BOX.replace("[support@example.org]", "[]"), "mail.boxes[0].addresses", "an empty list"),
        (BOX[:-1] + ", topics: [{topic: t, words: [ab], queue: no}]}",
         "mail.boxes[0].topics[0].queue", "no queue"),
        ("", "mail.enabled", "without a mailbox"),
    ],
)  # fmt: skip
def test_mailboxes_fit_together(boxes, path, words):
    found, said = only(mail(boxes=boxes))
    assert found == path
    assert words in said


@pytest.mark.parametrize(
    ("lines", "path", "words"),
    [
        (["send: {host: relay.example.net, tls: none}"], "mail.send.tls", "read on the way"),
        (["send: {host: relay.example.net, username: w}"], "mail.send.username", "both or neither"),
        (["send: {host: relay.example.net, password: {env: TOKEN}}"], "mail.send.password",
         "both or neither"),
        (["receive: {smtp: {require_tls: true}}"], "mail.receive.smtp.certificate", "PEM file"),
        (["dkim: [{domain: example.org, selector: a, key: no.pem}]"], "mail.dkim[0].key",
         "No such file"),
        (["imap: [{id: a, box: suport, host: i.example.net, username: u, password: {env: TOKEN}}]"],
         "mail.imap[0].box", "did you mean support?"),
        (["imap: [{id: a, box: support, host: i.example.net, username: u, tls: none,"
          " password: {env: TOKEN}}]"], "mail.imap[0].tls", "read on the way"),
        (["imap: [{id: a, box: support, host: i.example.net, username: u, password: {env: NO}}]"],
         "mail.imap[0].password.env", "NO is not set"),
    ],
)  # fmt: skip
def test_what_is_named_is_there(lines, path, words):
    found, said = _first(mail(*lines))
    assert found == path
    assert words in said


def _first(text: str) -> tuple[str, str]:
    mistake = mistakes(text)[0]
    return mistake.path, f"{mistake.found}; {mistake.allowed}; {mistake.hint}"


def test_a_return_address_needs_room_for_its_token():
    long = BOX.replace("support@", "the-customer-service-department@")
    path, said = only(mail(SMTP, SEND, boxes=long))
    assert path == "mail.boxes[0].addresses[0]"
    assert "mail.bounces" in said
    assert mistakes(mail(SMTP, SEND, "bounces: bounces@example.org", boxes=long)) == []


def test_a_key_that_is_none(tmp_path):
    (tmp_path / "dkim.pem").write_text("-----BEGIN PUBLIC KEY-----\n")
    text = mail(SMTP, SEND, "dkim: [{domain: example.org, selector: a, key: dkim.pem}]")
    (mistake,) = mistakes(text, tmp_path)
    assert mistake.path == "mail.dkim[0].key"
    assert "no private key" in mistake.found


def test_a_certificate_for_starttls(tmp_path):
    certificate, key = write_certificate(tmp_path, "192.0.2.1")
    text = mail(
        f"receive: {{smtp: {{certificate: {certificate}, private_key: {key}, require_tls: true}}}}"
    )
    assert mistakes(text, tmp_path) == []


def test_mail_that_nothing_reaches_or_answers_is_odd():
    assert [path for _, path in warned(mail())] == ["mail.enabled", "mail.enabled"]


@pytest.mark.parametrize(
    "text", ["", "a", "@b", "a@", "a b@c", "a@b@c", ".a@b", "a..b@c", "a@.b", "a@-b", "a,b@c",
             "a\n@b", f"{'a' * 65}@b", f"a@{'b' * 300}"],
)  # fmt: skip
def test_what_is_no_address(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each says what is wrong in its own words
        mail_address(text)


def test_an_address_is_kept_as_it_is_compared():
    assert mail_address("Sales@EXAMPLE.org") == "Sales@example.org"
    assert mail_address("客服@例子.example") == "客服@例子.example"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    monkeypatch.delitem(ENVIRON, "NO", raising=False)
