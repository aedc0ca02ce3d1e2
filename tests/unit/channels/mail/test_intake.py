"""The way of a mail behind the sockets."""

import pytest

from channels.mail.auto_reply import ReplyRates
from channels.mail.parsed import (
    Automatic,
    Bounce,
    Envelope,
    Failure,
    Quarantined,
    RecipientStatus,
    Refused,
)
from config.mail import MailAutoReply
from domain.errors import AttachmentRefused, LimitExceeded, StoreError
from domain.message import Draft
from tests.mail_support import mail_bytes, mail_section

HERE = Envelope(sender="customer@example.com", recipients=("support@example.org",))


@pytest.fixture
async def service(rig):
    async with rig.service(mail_section()) as running:
        yield running


async def test_a_loop_is_refused(rig, service):
    rig.reader.parsed = {"automatic": Automatic.LOOP}
    (answer,) = await service.intake.take(mail_bytes(), HERE, "smtp")
    assert answer.line == "554 5.4.6 It has been here before"
    assert rig.stored() == 0


async def test_a_machines_mail_is_kept_and_marked(rig, service):
    rig.reader.parsed = {"automatic": Automatic.LIST}
    (answer,) = await service.intake.take(mail_bytes(), HERE, "smtp")
    assert answer.taken
    assert rig.store.inbound[0].automatic is True


async def test_what_imap_brings_is_never_refused(rig, service):
    rig.reader.verdict = Refused(code=554, enhanced="5.6.0", reason="parts: 9 over 5")
    envelope = Envelope(sender=None, recipients=HERE.recipients)
    (answer,) = await service.intake.take(mail_bytes(), envelope, "imap")
    assert answer.taken
    assert len(rig.store.rows("SELECT * FROM quarantine")) == 1


async def test_a_mail_without_a_sender_is_laid_aside(rig, service):
    (answer,) = await service.intake.take(mail_bytes(sender="a@x, b@y"), HERE, "smtp")
    assert answer.taken
    assert service.figures.quarantined == {"sender": 1}
    assert rig.stored() == 0


@pytest.mark.parametrize(
    "error", [StoreError("gone"), LimitExceeded("waiting", 2, 1), ValueError()]
)
async def test_whatever_goes_wrong_it_comes_again(rig, service, monkeypatch, error):
    async def fails(raw, envelope):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(rig.reader, "read", fails)
        (answer,) = await service.intake.take(mail_bytes(), HERE, "smtp")
    assert answer.later
    (answer,) = await service.intake.take(mail_bytes(), HERE, "smtp")
    assert answer.taken


async def test_an_unforeseen_error_says_nothing_of_the_mail(rig, service, monkeypatch, capsys):
    async def fails(raw, envelope):
        raise ValueError("customer@example.com")

    monkeypatch.setattr(rig.reader, "read", fails)
    await service.intake.take(mail_bytes(), HERE, "smtp")
    told = capsys.readouterr().out
    assert "mail could not be taken" in told
    assert "customer" not in told


async def test_a_conversation_that_is_gone_is_begun_anew(rig, service):
    rig.reader.threads["<0@x>"] = "f" * 32
    await service.intake.take(mail_bytes(more="References: <0@x>\r\n"), HERE, "smtp")
    assert rig.stored() == 1
    assert rig.store.inbound[0].conversation_id is None


async def test_a_file_that_is_refused_leaves_a_line(rig, service, monkeypatch):
    async def refuses(content, *, name, claimed_type, inline_id=""):
        raise AttachmentRefused(name, "its type is not allowed")

    monkeypatch.setattr(rig.store, "put", refuses)
    raw = (
        b"From: c@example.com\r\nMessage-ID: <1@x>\r\nContent-Type: multipart/mixed; boundary=b"
        b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee\r\n--b\r\n"
        b"Content-Disposition: attachment; filename=run.exe\r\n\r\nMZ\r\n--b--\r\n"
    )
    (answer,) = await service.intake.take(raw, HERE, "smtp")
    assert answer.taken
    assert rig.store.inbound[0].text == "see\n\n[A file of this mail was not taken: run.exe]"


async def test_images_of_the_mail_are_shown_from_where_they_are_stored(rig, service):
    raw = (
        b"From: c@example.com\r\nMessage-ID: <1@x>\r\nContent-Type: multipart/related; boundary=b"
        b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b'<img src="cid:p@x"> <img data-src="cid:none@x">\r\n--b\r\n'
        b"Content-Type: image/png; name=p.png\r\nContent-ID: <p@x>\r\n\r\nPNG\r\n--b--\r\n"
    )
    await service.intake.take(raw, HERE, "smtp")
    (inbound,) = rig.store.inbound
    path = f"/api/v1/attachments/{inbound.attachments[0]}/content"
    assert f'<img src="{path}"> <img src="">' in inbound.html


async def test_what_is_too_long_is_attached_whole(rig, service):
    raw = mail_bytes(text="words " * 50_000)
    await service.intake.take(raw, HERE, "smtp")
    (inbound,) = rig.store.inbound
    assert len(inbound.text) == 200_000
    (row,) = rig.store.rows("SELECT name, content FROM files")
    assert row == ("mail.eml", raw)


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([RecipientStatus(action=Failure.DELAYED, status="4.4.7")], "waiting"),
        ([RecipientStatus(action=Failure.DELIVERED, status="2.0.0")], "waiting"),
        ([RecipientStatus(action=Failure.FAILED, status="4.4.7")], "failed"),
        ([RecipientStatus(action=Failure.FAILED, status="5.1.1")], "failed"),
        ([], "failed"),
    ],
)
async def test_what_a_report_says_of_our_mail(rig, service, statuses, state):

    await service.intake.take(mail_bytes(), HERE, "smtp")
    ((conversation_id,),) = rig.store.rows("SELECT id FROM conversations")
    said = await rig.store.say(conversation_id, Draft(client_id="1", text="Hello"))
    mail_id = f"<{said.message_id}@mx.example.org>"
    await rig.store.set_remote_id(said.message_id, mail_id)
    rig.reader.parsed = {
        "automatic": Automatic.BOUNCE,
        "bounce": Bounce(message_id=mail_id, recipients=tuple(statuses)),
    }
    (answer,) = await service.intake.take(mail_bytes(mail_id="<b@x>"), HERE, "smtp")
    assert answer.taken
    ((found,),) = rig.store.rows("SELECT state FROM outgoing")
    assert found == state
    assert rig.stored() == 2


async def test_a_report_about_nothing_of_ours_is_kept_for_people(rig, service):
    rig.reader.parsed = {
        "automatic": Automatic.BOUNCE,
        "bounce": Bounce(message_id="<x@y>", recipients=()),
    }
    await service.intake.take(mail_bytes(), HERE, "smtp")
    assert rig.store.inbound[0].automatic is True


async def test_the_quarantine_is_swept(rig, service):
    rig.reader.verdict = Quarantined(rule="depth", reason="depth: 900 over 20")
    other = Envelope(sender="", recipients=("help@example.org",))
    await service.intake.take(mail_bytes(), HERE, "smtp")
    await service.intake.take(mail_bytes(), HERE, "smtp")
    await service.intake.take(mail_bytes(), other, "smtp")
    files = list((rig.folder / "quarantine").glob("??/*"))
    assert len(files) == 1
    assert files[0].stat().st_mode & 0o077 == 0
    assert await service.quarantine.sweep() == 0
    rig.clock.ahead_s += 31 * 86_400
    assert await service.quarantine.sweep() == 2
    assert not files[0].exists()


async def test_a_full_quarantine_puts_off(rig, service, monkeypatch):
    monkeypatch.setattr(service.quarantine, "_bytes_max", 100)
    rig.reader.verdict = Quarantined(rule="depth", reason="depth: 900 over 20")
    (answer,) = await service.intake.take(mail_bytes(), HERE, "smtp")
    assert answer.code == 451


def test_how_often_we_confirm():
    rates, rules = ReplyRates(), MailAutoReply(enabled=True, every_hours=1, per_hour_max=2)
    assert rates.allow("a", rules, 0)
    assert not rates.allow("a", rules, 3_599)
    assert rates.allow("b", rules, 10)
    assert not rates.allow("c", rules, 20)
    assert rates.allow("a", rules, 3_700)
