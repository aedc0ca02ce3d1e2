"""Mail that goes out, to a server that is a double of a real one."""

import asyncio
import email
import email.policy
import ssl
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest

from channels.mail.service import MailService
from domain.message import Draft
from tests.certificates import write_certificate
from tests.mail_support import mail_bytes, mail_section, until
from tests.unit.channels.mail.smarthost import Double, serve

LOCAL = "127.0.0.1"


class Sending:
    """A service that sends to a double."""

    def __init__(self, rig, service: MailService, double: Double) -> None:
        self.rig, self.service, self.double = rig, service, double

    async def asked(self, **fields) -> str:
        """A customer writes; return his conversation."""
        await self.service.intake.take(mail_bytes(**fields), _envelope(), "smtp")
        return self.rig.store.rows("SELECT conversation_id FROM messages ORDER BY rowid DESC")[0][0]

    async def say(self, conversation_id: str, text="We have found it.", name="1", **fields):
        draft = Draft(client_id=name, text=text, agent_id="anna", **fields)
        message = await self.rig.store.say(conversation_id, draft)
        conversation = await self.rig.store.get(conversation_id)
        await self.service.deliver(conversation, message)
        return message

    def state(self, message_id: str) -> str:
        return self.rig.store.rows("SELECT state FROM outgoing WHERE message_id = ?", message_id)[
            0
        ][0]

    def wait(self) -> str:
        return self.rig.store.rows("SELECT due_at, attempts, error FROM outgoing")

    def later(self, seconds: float) -> None:
        """Let time pass, and the queue look."""
        self.rig.clock.ahead_s += seconds
        assert self.service._queue is not None
        self.service._queue._wake.set()

    def mail(self, number=-1) -> EmailMessage:
        raw = self.double.mails[number][2]
        return email.message_from_bytes(raw, policy=email.policy.default)


def _envelope():
    from channels.mail.parsed import Envelope

    return Envelope(sender="customer@example.com", recipients=("support@example.org",))


@asynccontextmanager
async def sending(rig, double, *, tls=None, trusted=None, utf8=True, more=None, **fields):
    server, port = await serve(double, tls=tls, utf8=utf8)
    rules = {"host": LOCAL, "port": port, "tls": "none", "per_s": 1000, **fields}
    section = mail_section(send=rules, **(more or {}))
    try:
        async with rig.service(section, tls=trusted) as service:
            yield Sending(rig, service, double)
    finally:
        server.close()


@pytest.fixture
def double():
    return Double()


async def test_an_answer_is_a_proper_mail(rig, double):
    more = {"boxes": [{
        "id": "support", "addresses": ["support@example.org"], "queue": "service",
        "name": "Hilfe, \"Süd\"", "signature": {"en": "Example Ltd", "zh": "示例公司"},
    }]}  # fmt: skip
    async with sending(rig, double, more=more) as work:
        conversation_id = await work.asked(mail_id="<first@example.com>", subject="Päckchen 包裹")
        message = await work.say(conversation_id, "Grüße,\nwir haben es gefunden. 找到了。")
        await until(lambda: bool(double.mails))
        await until(lambda: work.state(message.message_id) == "sent")
    return_path, recipients, raw = double.mails[0]
    mail = work.mail()
    assert recipients == ["customer@example.com"]
    assert return_path.startswith("support+b_")
    assert mail["From"].addresses[0].addr_spec == "support@example.org"
    assert mail["From"].addresses[0].display_name == 'Hilfe, "Süd"'
    assert len(mail["From"].addresses) == 1
    assert mail["Subject"] == "Re: Päckchen 包裹"
    assert mail["In-Reply-To"] == "<first@example.com>"
    assert mail["References"] == "<first@example.com>"
    assert mail["Reply-To"].addresses[0].addr_spec == f"support+{conversation_id}@example.org"
    assert mail["Message-ID"] == f"<{message.message_id}@mx.example.org>"
    assert mail["Auto-Submitted"] is None
    assert mail.get_content_type() == "text/plain"
    text = mail.get_content().replace("\r\n", "\n")
    assert text == "Grüße,\nwir haben es gefunden. 找到了。\n\n-- \nExample Ltd\n"
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    told = rig.store.told
    assert told == [(conversation_id, 2, "sent")]
    assert work.service.figures.sent == 1


async def test_the_thread_goes_on(rig, double):
    async with sending(rig, double) as work:
        conversation_id = await work.asked(mail_id="<1@example.com>")
        first = await work.say(conversation_id)
        await until(lambda: len(double.mails) == 1)
        rig.reader.threads["<1@example.com>"] = conversation_id
        await work.asked(mail_id="<2@example.com>", more="References: <1@example.com>\r\n")
        await work.say(conversation_id, name="2")
        await until(lambda: len(double.mails) == 2)
    mail = work.mail()
    ours = f"<{first.message_id}@mx.example.org>"
    assert mail["References"].split() == ["<1@example.com>", ours, "<2@example.com>"]
    assert mail["In-Reply-To"] == "<2@example.com>"
    ((kept,),) = rig.store.rows("SELECT conversation_id FROM mail_ids WHERE mail_id = ?", ours)
    assert kept == conversation_id


async def test_files_inline_and_attached(rig, double):
    from channels.mail.ports import pieces

    async with sending(rig, double) as work:
        conversation_id = await work.asked()
        picture = await rig.store.put(
            pieces(b"\x89PNG" * 9), name="图.png", claimed_type="image/png"
        )
        paper = await rig.store.put(
            pieces(b"%PDF" * 9), name="a\r\nX-Evil: 1.pdf", claimed_type="application/pdf"
        )
        await work.say(
            conversation_id,
            html=f'<p>See <img src="/api/v1/attachments/{picture.attachment_id}/content"></p>',
            attachments=(picture.attachment_id, paper.attachment_id),
        )
        await until(lambda: bool(double.mails))
    mail = work.mail()
    assert mail.get_content_type() == "multipart/mixed"
    assert mail["X-Evil"] is None
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == b"%PDF" * 9
    page = mail.get_body(("related",))
    assert page is not None
    html, image = page.iter_parts()
    assert f"cid:{image['Content-ID'].strip('<>')}" in html.get_content()
    assert image.get_content() == b"\x89PNG" * 9
    assert image.get_filename() == "图.png"


async def test_greylisting_is_waited_for(rig, double):
    double.answers = ["451 4.7.1 Greylisted, come again"]
    async with sending(rig, double, retry_s=[60, 600]) as work:
        message = await work.say(await work.asked())
        await until(lambda: work.service.figures.put_off == 1)
        ((_, attempts, error),) = work.wait()
        assert (attempts, error) == (1, "451 4.7.1")
        assert not double.mails
        work.later(80)
        await until(lambda: work.state(message.message_id) == "sent")
    assert len(double.mails) == 1


@pytest.mark.parametrize(
    ("answers", "recipient", "cause"),
    [
        (["552 5.3.4 Too large"], None, "552 5.3.4"),
        (["554 No thanks"], None, "554"),
        ([], "550 5.1.1 No such user customer@example.com", "550 5.1.1"),
    ],
)
async def test_a_refusal_is_told_to_the_agent_without_the_address(
    rig, double, answers, recipient, cause
):
    double.answers = answers
    double.recipient = lambda address: recipient
    async with sending(rig, double) as work:
        conversation_id = await work.asked()
        message = await work.say(conversation_id)
        await until(lambda: work.state(message.message_id) == "failed")
        await until(lambda: bool(rig.store.told))
    assert rig.store.told == [(conversation_id, 2, f"failed: {cause}")]


async def test_a_connection_that_breaks_in_the_mail(rig, double):
    double.drop = 1
    async with sending(rig, double, retry_s=[60]) as work:
        message = await work.say(await work.asked())
        await until(lambda: work.service.figures.put_off == 1)
        work.later(80)
        await until(lambda: work.state(message.message_id) == "sent")
    assert len(double.mails) == 1


async def test_it_is_given_up_one_day(rig, double):
    double.answers = ["451 4.3.0 No"] * 50
    async with sending(rig, double, retry_s=[600], give_up_s=1_000) as work:
        conversation_id = await work.asked()
        message = await work.say(conversation_id)
        await until(lambda: work.service.figures.put_off == 1)
        work.later(750)
        await until(lambda: work.service.figures.put_off == 2)
        work.later(750)
        await until(lambda: work.state(message.message_id) == "failed")
    assert rig.store.told[-1] == (conversation_id, 2, "failed: given up: 451 4.3.0")


async def test_a_server_that_is_gone_holds_all_and_loses_none(rig, double):
    server, port = await serve(double)
    server.close()
    await server.wait_closed()
    rules = {"host": LOCAL, "port": port, "tls": "none", "per_s": 1000, "retry_s": [60]}
    async with rig.service(mail_section(send=rules)) as service:
        work = Sending(rig, service, double)
        for number in range(5):
            conversation_id = await work.asked(mail_id=f"<{number}@example.com>")
            await work.say(conversation_id)
        await until(lambda: service.figures.put_off >= 1)
        await asyncio.sleep(0.1)
        # At most one for each connection found it out.
        assert service.figures.put_off <= 4
    ((waiting,),) = rig.store.rows("SELECT count(*) FROM outgoing WHERE state = 'waiting'")
    assert waiting == 5


async def test_a_restart_sends_what_waits(rig, double):
    async with rig.service(mail_section()) as service:
        work = Sending(rig, service, double)
        await work.say(await work.asked())
    async with sending(rig, double):
        await until(lambda: len(double.mails) == 1)


async def test_one_slow_domain_does_not_hold_up_the_others(rig, double):
    double.hold = asyncio.Event()
    async with sending(rig, double, per_domain_max=1, connections=3) as work:
        for number in range(3):
            sender = f"c{number}@slow.example.com"
            await work.say(await work.asked(mail_id=f"<{number}@x>", sender=sender))
        await work.say(await work.asked(mail_id="<9@x>", sender="c@other.example.com"))
        await until(lambda: double.at_once == 2)
        await asyncio.sleep(0.05)
        assert double.at_once == 2
        double.hold.set()
        await until(lambda: len(double.mails) == 4)
        assert double.connections <= 3


async def test_connections_are_used_again(rig, double):
    async with sending(rig, double, connections=1) as work:
        for number in range(10):
            await work.say(await work.asked(mail_id=f"<{number}@x>"))
        await until(lambda: len(double.mails) == 10)
    assert double.connections == 1


@pytest.mark.parametrize("way", ["trusted", "unknown"])
async def test_starttls_wants_a_certificate_that_is_believed(rig, double, tmp_path, way):
    certificate, key = write_certificate(tmp_path, LOCAL)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate, key)
    trusted = ssl.create_default_context(cafile=str(certificate) if way == "trusted" else None)
    async with _starttls(rig, double, theirs, trusted) as work:
        await work.say(await work.asked())
        if way == "trusted":
            await until(lambda: len(double.mails) == 1)
        else:
            await until(lambda: work.service.figures.put_off == 1)
            assert not double.mails


@asynccontextmanager
async def _starttls(rig, double, theirs, trusted):
    server, port = await serve(double, tls=theirs)
    section = mail_section(send={"host": LOCAL, "port": port, "tls": "starttls"})
    async with rig.service(section, tls=trusted) as service:
        yield Sending(rig, service, double)
    server.close()


@pytest.mark.parametrize(("utf8", "fate"), [(True, "sent"), (False, "failed")])
async def test_international_recipients(rig, double, utf8, fate):
    async with sending(rig, double, utf8=utf8) as work:
        message = await work.say(await work.asked(sender="客户@例子.example"))
        await until(lambda: work.state(message.message_id) == fate)
    if utf8:
        assert double.mails[0][1] == ["客户@xn--fsqu00a.example"]
        assert "SMTPUTF8" in double.options


async def test_a_bounce_fails_its_mail(rig, double):
    from channels.mail.parsed import Automatic, Bounce, Envelope, RecipientStatus

    async with sending(rig, double) as work:
        conversation_id = await work.asked()
        message = await work.say(conversation_id)
        await until(lambda: work.state(message.message_id) == "sent")
        return_path = double.mails[0][0]
        assert work.service.intake.knows(return_path)
        forged = return_path[:-14] + "a" + return_path[-13:]
        assert work.service.intake.knows(forged) is True  # The mailbox's own address, plus.
        rig.reader.parsed = {
            "automatic": Automatic.BOUNCE,
            "bounce": Bounce(message_id="", recipients=(RecipientStatus(status="5.1.1"),)),
        }
        report = Envelope(sender="", recipients=(return_path,))
        (answer,) = await work.service.intake.take(mail_bytes(mail_id="<b@x>"), report, "smtp")
        assert answer.taken
        assert work.state(message.message_id) == "failed"
        assert rig.store.told[-1] == (conversation_id, 2, "failed: bounced 5.1.1")
        assert rig.stored() == 2


async def test_machines_are_told_that_a_machine_writes(rig, double):
    box = {
        "id": "support", "addresses": ["support@example.org"], "queue": "service",
        "auto_reply": {"enabled": True},
    }  # fmt: skip
    async with sending(rig, double, more={"boxes": [box]}) as work:
        await work.asked()
        work.later(0)
        await until(lambda: len(double.mails) == 1)
        mail = work.mail()
        assert mail["Auto-Submitted"] == "auto-replied"
        assert mail["X-Auto-Response-Suppress"] == "All"
        assert "somebody will answer you" in mail.get_content()
        # The same customer soon again, a machine, and a list: nobody is answered.
        await work.asked(mail_id="<2@x>")
        await work.asked(mail_id="<3@x>", sender="robot@example.net",
                         more="Auto-Submitted: auto-replied\r\n")  # fmt: skip
        assert work.service.figures.outcomes["auto_reply"] == 1
