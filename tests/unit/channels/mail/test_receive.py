"""Mail over real sockets, with Python's own client and with swaks."""

import asyncio
import shutil
import smtplib
import socket
import ssl

import pytest

from channels.mail.parsed import Quarantined, Refused
from tests.certificates import write_certificate
from tests.mail_support import mail_bytes, mail_section, until

LOCAL = "127.0.0.1"


def receiving(**fields):
    return mail_section(receive={"smtp": {"address": LOCAL, "port": 0}, **fields})


def send(port, *, to=("support@example.org",), raw=None, sender="customer@example.com"):
    with smtplib.SMTP(LOCAL, port, timeout=10) as client:
        return client.sendmail(sender, list(to), raw or mail_bytes())


def talk(port, *lines, hello=True):
    """Say lines as they are; return every answer."""
    with socket.create_connection((LOCAL, port), timeout=10) as connection:
        answers = [_answer(connection)]
        if hello:
            lines = (b"EHLO client.example.com\r\n", *lines)
        for line in lines:
            connection.sendall(line)
            answers.append(_answer(connection))
        return answers


def _answer(connection):
    got = b""
    while True:
        try:
            more = connection.recv(4096)
        except ConnectionResetError:
            more = b""
        got += more
        last = got.rstrip(b"\r\n").rsplit(b"\r\n", 1)[-1]
        if not more or (got.endswith(b"\r\n") and last[3:4] != b"-"):
            return got.decode()


ENVELOPE = (
    b"MAIL FROM:<customer@example.com>\r\n",
    b"RCPT TO:<support@example.org>\r\n",
    b"DATA\r\n",
)


async def test_a_mail_is_committed_when_it_is_answered(rig):
    async with rig.service(receiving()) as service:
        assert await asyncio.to_thread(send, service.server.smtp_port) == {}
        assert rig.stored() == 1
        (inbound,) = rig.store.inbound
    assert inbound.text == "Hello,\nmy parcel is missing."
    assert inbound.sender.value == "customer@example.com"
    assert inbound.queue_id == "service"
    assert inbound.headers["message-id"] == "<1@example.com>"
    assert service.figures.taken["smtp", "support"] == 1
    assert service.figures.connections == 0


async def test_the_same_mail_again_is_stored_once(rig):
    async with rig.service(receiving()) as service:
        for _ in range(3):
            await asyncio.to_thread(send, service.server.smtp_port)
        assert rig.stored() == 1
        assert service.figures.outcomes["duplicate"] == 2


async def test_nobody_has_mail_relayed(rig):
    async with rig.service(receiving()) as service:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await asyncio.to_thread(send, service.server.smtp_port, to=["other@example.net"])
        assert refused.value.recipients["other@example.net"][0] == 550
        for address in ("support%other@example.net", "@example.org:other@example.net", "support@x"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await asyncio.to_thread(send, service.server.smtp_port, to=[address])
    assert rig.stored() == 0


@pytest.mark.parametrize(
    "address",
    ["SUPPORT@EXAMPLE.ORG", "help@example.org", "support+anything@example.org", "postmaster",
     "postmaster@example.org"],
)  # fmt: skip
async def test_our_addresses_in_every_form(rig, address):
    async with rig.service(receiving()) as service:
        await asyncio.to_thread(send, service.server.smtp_port, to=[address])
    assert rig.stored() == 1


async def test_who_tries_names_is_closed(rig):
    async with rig.service(receiving(wrong_recipients_max=3)) as service:
        wrong = b"RCPT TO:<nobody@example.org>\r\n"
        answers = await asyncio.to_thread(
            talk, service.server.smtp_port, ENVELOPE[0], wrong, wrong, wrong, b"NOOP\r\n"
        )
        assert [one[:3] for one in answers[3:]] == ["550", "550", "421", ""]
        assert service.figures.refused_recipients == 3


async def test_too_many_recipients_are_put_off(rig):
    async with rig.service(receiving(recipients_max=2)) as service:
        answers = await asyncio.to_thread(
            talk, service.server.smtp_port, ENVELOPE[0], *[ENVELOPE[1]] * 3
        )
        assert [one[:3] for one in answers[3:]] == ["250", "250", "452"]


async def test_what_cannot_be_stored_is_put_off_and_leaves_nothing(rig):
    async with rig.service(receiving()) as service:
        rig.store.broken = True
        with pytest.raises(smtplib.SMTPDataError) as put_off:
            await asyncio.to_thread(send, service.server.smtp_port)
        assert put_off.value.smtp_code == 451
        rig.store.broken = False
        assert rig.stored() == 0
        await asyncio.to_thread(send, service.server.smtp_port)
        assert rig.stored() == 1


async def test_the_size_is_bounded(rig):
    async with rig.service(receiving(bytes_max=65_536)) as service:
        port = service.server.smtp_port
        (_, hello) = await asyncio.to_thread(talk, port)
        assert "250-SIZE 65536" in hello
        assert "250-SMTPUTF8" in hello
        assert "AUTH" not in hello
        told = await asyncio.to_thread(talk, port, b"MAIL FROM:<a@example.com> SIZE=65537\r\n")
        assert told[-1].startswith("552")
        long = mail_bytes(text="line of text\r\n" * 8_000)
        answers = await asyncio.to_thread(talk, port, *ENVELOPE, long + b"\r\n.\r\n", b"NOOP\r\n")
        assert answers[-2].startswith("552 5.3.4")
        assert answers[-1].startswith("250")
    assert rig.stored() == 0


async def test_a_line_that_never_ends_takes_no_memory(rig):
    async with rig.service(receiving(bytes_max=65_536)) as service:

        def flood():
            with socket.create_connection((LOCAL, service.server.smtp_port), timeout=10) as client:
                for line in (b"", b"EHLO x\r\n", *ENVELOPE):
                    client.sendall(line)
                    _answer(client)
                sent = 0
                try:
                    for _ in range(1_000):
                        client.sendall(b"x" * 65_536)
                        sent += 65_536
                except OSError:
                    pass
                return sent

        assert await asyncio.to_thread(flood) < 10_000_000


@pytest.mark.parametrize(
    "text",
    [b"one\n.\nMAIL FROM:<x@example.com>", b"one\n.\r\nmore", b"one\r\n.\nmore", b"one\r.\rmore",
     b"one\r\r\n.\r\r\nmore"],
)  # fmt: skip
async def test_a_mail_within_the_mail_is_not_smuggled(rig, text):
    async with rig.service(receiving()) as service:
        answers = await asyncio.to_thread(
            talk, service.server.smtp_port, *ENVELOPE,
            b"Subject: x\r\n\r\n" + text + b"\r\n.\r\n", b"NOOP\r\n",
        )  # fmt: skip
        assert answers[-2].startswith("554 5.5.2 Bare CR or LF")
        assert answers[-1].startswith("250")
    assert rig.stored() == 0


async def test_dots_are_taken_away_and_kept_as_they_should(rig):
    async with rig.service(receiving()) as service:
        raw = mail_bytes(text=".first\r\n..second\r\n.\r\nthird\r\n")
        await asyncio.to_thread(send, service.server.smtp_port, raw=raw)
    assert rig.store.inbound[0].text == ".first\n..second\n.\nthird"


async def test_an_empty_mail_ends(rig):
    async with rig.service(receiving()) as service:
        answers = await asyncio.to_thread(talk, service.server.smtp_port, *ENVELOPE, b".\r\n")
        assert answers[-1][:3] in {"250", "554"}


@pytest.mark.parametrize("command", [b"VRFY support\r\n", b"EXPN support\r\n", b"AUTH PLAIN\r\n"])
async def test_nothing_is_told_of_who_is_there(rig, command):
    async with rig.service(receiving()) as service:
        answers = await asyncio.to_thread(talk, service.server.smtp_port, command)
        assert answers[-1].startswith("502")


async def test_who_comes_too_often_or_too_many(rig):
    rules = {"connections_per_source_max": 2, "connections_per_source_per_min": 4}
    async with rig.service(receiving(**rules)) as service:
        port = service.server.smtp_port

        def connect():
            client = socket.create_connection((LOCAL, port), timeout=10)
            return client, client.recv(200)[:3]

        held = [await asyncio.to_thread(connect) for _ in range(3)]
        assert [code for _, code in held] == [b"220", b"220", b"421"]
        for client, _ in held:
            client.close()
        await until(lambda: not service.figures.connections)
        codes = []
        for _ in range(3):
            client, code = await asyncio.to_thread(connect)
            codes.append(code)
            client.close()
            await until(lambda: not service.figures.connections)
        assert codes == [b"220", b"220", b"421"]
        assert service.figures.turned_away == {"source": 1, "rate": 1}


async def test_a_silent_client_is_closed(rig):
    async with rig.service(receiving(idle_s_max=1)) as service:

        def wait():
            with socket.create_connection((LOCAL, service.server.smtp_port), timeout=10) as client:
                client.recv(200)
                return client.recv(200)

        assert (await asyncio.to_thread(wait)).startswith(b"421 4.4.2")


async def test_starttls_and_nothing_said_before_it_counts(rig, tmp_path):
    certificate, key = write_certificate(tmp_path, LOCAL)
    smtp = {
        "address": LOCAL, "port": 0, "certificate": certificate, "private_key": key,
        "require_tls": True,
    }  # fmt: skip
    async with rig.service(mail_section(receive={"smtp": smtp})) as service:
        port = service.server.smtp_port
        answers = await asyncio.to_thread(talk, port, ENVELOPE[0])
        assert answers[-1].startswith("530")
        context = ssl.create_default_context(cafile=str(certificate))

        def secured():
            with smtplib.SMTP(LOCAL, port, timeout=10) as client:
                client.starttls(context=context)
                client.ehlo()
                assert not client.has_extn("starttls")
                assert not client.has_extn("auth")
                client.sendmail("customer@example.com", ["support@example.org"], mail_bytes())

        await asyncio.to_thread(secured)
        assert rig.stored() == 1

        def injected():
            with socket.create_connection((LOCAL, port), timeout=10) as raw:
                raw.recv(200)
                raw.sendall(b"EHLO x\r\n")
                _answer(raw)
                raw.sendall(b"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<x@example.com>\r\n")
                assert raw.recv(200).startswith(b"220")
                try:
                    with context.wrap_socket(raw, server_hostname=LOCAL) as client:
                        client.sendall(b"RCPT TO:<support@example.org>\r\n")
                        return client.recv(200)
                except OSError:
                    return b"closed"

        answer = await asyncio.to_thread(injected)
        assert answer == b"closed" or answer.startswith(b"503")


async def test_refusals_of_the_reader_are_answered(rig):
    async with rig.service(receiving()) as service:
        rig.reader.verdict = Refused(code=552, enhanced="5.3.4", reason="parts: 9 over 5")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await asyncio.to_thread(send, service.server.smtp_port)
        assert refused.value.smtp_code == 552
        rig.reader.verdict = Quarantined(rule="depth", reason="depth: 900 over 20")
        await asyncio.to_thread(send, service.server.smtp_port)
    assert rig.stored() == 0
    ((count,),) = rig.store.rows("SELECT count(*) FROM quarantine")
    assert count == 1
    (file,) = (rig.folder / "quarantine").glob("??/*")
    assert file.read_bytes() == mail_bytes()
    assert service.figures.quarantined["depth"] == 1


async def test_international_addresses(rig):
    async with rig.service(receiving()) as service:

        def international():
            with smtplib.SMTP(LOCAL, service.server.smtp_port, timeout=10) as client:
                client.ehlo()
                client.mail("客户@例子.example", ["SMTPUTF8", "BODY=8BITMIME"])
                client.rcpt("support@example.org")
                return client.data(mail_bytes(sender="客户@例子.example"))

        code, _ = await asyncio.to_thread(international)
        assert code == 250
    assert rig.store.inbound[0].sender.value == "客户@例子.example"


@pytest.mark.parametrize("where", ["port", "socket"])
async def test_lmtp_answers_for_each_recipient(rig, tmp_path, where):
    lmtp = {"port": 0} if where == "port" else {"socket": tmp_path / "lmtp"}
    section = mail_section(
        receive={"lmtp": lmtp},
        boxes=[
            {"id": "support", "addresses": ["support@example.org"], "queue": "service"},
            {"id": "sales", "addresses": ["sales@example.org"], "queue": "service"},
        ],
    )
    async with rig.service(section) as service:

        def deliver():
            place = str(tmp_path / "lmtp") if where == "socket" else LOCAL
            with smtplib.LMTP(place, service.server.lmtp_port) as client:
                client.ehlo()
                client.mail("customer@example.com")
                codes = [
                    client.rcpt(f"{name}@example.org")[0] for name in ("support", "no", "sales")
                ]
                client.putcmd("data")
                client.getreply()
                client.send(mail_bytes() + b"\r\n.\r\n")
                return codes, [client.getreply()[0] for _ in range(2)]

        codes, answers = await asyncio.to_thread(deliver)
    assert codes == [250, 550, 250]
    assert answers == [250, 250]
    assert rig.stored() == 2


@pytest.mark.skipif(shutil.which("swaks") is None, reason="needs swaks: apt-get install swaks")
async def test_swaks_with_an_attachment(rig, tmp_path):
    picture = tmp_path / "shot.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    async with rig.service(receiving()) as service:
        process = await asyncio.create_subprocess_exec(
            "swaks", "--server", f"{LOCAL}:{service.server.smtp_port}",
            "--from", "customer@example.com", "--to", "support@example.org",
            "--header", "Subject: Broken screen", "--body", "See the picture.",
            "--attach-type", "image/png", "--attach", f"@{picture}",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0, output.decode()
    (inbound,) = rig.store.inbound
    (row,) = rig.store.rows("SELECT content FROM files WHERE id = ?", inbound.attachments[0])
    assert row[0] == picture.read_bytes()
