"""Mail that is fetched from a real IMAP server."""

import asyncio
import ssl
import tempfile
import time
from pathlib import Path

import jwt
import pytest

from channels.mail.answer import NOT_STORED, TAKEN
from channels.mail.figures import MailFigures
from channels.mail.imap import ImapAccount
from channels.mail.imap_folder import folder_name
from config.mail import MailImap
from config.secret import Secret
from tests.dovecot import INSTALL, PASSWORD, TOKEN_KEY, USER, Dovecot, is_there
from tests.mail_support import Places, mail_bytes, until

pytestmark = pytest.mark.skipif(not is_there(), reason=INSTALL)


class Taker:
    """Takes mails, or does not."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.tries = 0
        self.later: set[bytes] = set()

    async def take(self, raw, envelope, way):
        assert envelope.recipients == ("support@example.org",)
        assert envelope.sender is None
        assert way == "imap"
        self.tries += 1
        if any(word in raw for word in self.later):
            return [NOT_STORED]
        self.mails.append(raw)
        return [TAKEN]


@pytest.fixture(scope="module")
def server():
    # Not below pytest's own folder, which it keeps shut to the server's user.
    with (
        tempfile.TemporaryDirectory(prefix="warmline-dovecot-") as folder,
        Dovecot(Path(folder)) as dovecot,
    ):
        yield dovecot


@pytest.fixture(autouse=True)
def empty(server):
    client = server.client()
    for folder in ("INBOX", "Archive", "Ablage 归档"):
        client.create(folder_name(folder))
        client.select(folder_name(folder))
        _, (found,) = client.search(None, "ALL")
        for number in found.split():
            client.store(number.decode(), "+FLAGS", r"(\Deleted)")
        client.expunge()
    client.logout()


@pytest.fixture
def work(server, monkeypatch):
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)

    class Work:
        def __init__(self):
            self.taker, self.places, self.figures = Taker(), Places(), MailFigures()

        def account(self, bytes_max=100_000, sleep=asyncio.sleep, context=None, **fields):
            section = MailImap.model_validate({
                "id": "elsewhere", "box": "support", "host": "127.0.0.1", "port": server.port,
                "tls": "none", "username": USER, "password": Secret(env="IMAP_PASSWORD"),
                "poll_s": 1, **fields,
            })  # fmt: skip
            return ImapAccount(
                section,
                address="support@example.org",
                taker=self.taker,
                places=self.places,
                figures=self.figures,
                bytes_max=bytes_max,
                tls=context,
                sleep=sleep,
            )

        def run(self, **fields):
            return asyncio.create_task(self.account(**fields).run())

    return Work()


async def over(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_new_mail_is_fetched_and_marked_as_seen(server, work):
    raw = mail_bytes(text="8-bit: Grüße 你好\r\n" + "long " * 3_000 + "\r\n")
    server.put(raw)
    server.put(mail_bytes(mail_id="<old@x>"), flags=r"(\Seen)")
    task = work.run()
    await until(lambda: bool(work.taker.mails))
    # The server tells at once of what comes while we wait: no poll has to come round.
    server.put(mail_bytes(mail_id="<2@x>"))
    await until(lambda: len(work.taker.mails) == 2)
    await until(lambda: len([one for one in server.flags() if "Seen" in one]) == 3)
    await over(task)
    assert work.taker.mails[0] == raw
    assert work.figures.imap_fetched["elsewhere"] == 2


async def test_what_was_fetched_is_not_fetched_again_after_a_restart(server, work):
    for number in range(3):
        server.put(mail_bytes(mail_id=f"<{number}@x>"))
    task = work.run()
    # Taken is not kept yet: a stop between the two would have the last one fetched again.
    last = server.uids()[-1]
    await until(lambda: work.places.kept.get("imap/elsewhere/uid") == last)
    await over(task)
    assert len(work.taker.mails) == 3
    # Somebody marks one as unread: it is known all the same.
    client = server.client()
    client.store("1", "-FLAGS", r"(\Seen)")
    client.logout()
    server.put(mail_bytes(mail_id="<new@x>"), flags=r"(\Seen)")
    task = work.run()
    await until(lambda: len(work.taker.mails) >= 4)
    await over(task)
    assert len(work.taker.mails) == 4
    assert b"<new@x>" in work.taker.mails[-1]


async def test_a_mail_that_cannot_be_stored_does_not_stop_the_others(server, work):
    for number in range(3):
        server.put(mail_bytes(mail_id=f"<{number}@x>"))
    work.taker.later = {b"<1@x>"}
    task = work.run()
    await until(lambda: len(work.taker.mails) == 2)
    await until(lambda: work.taker.tries >= 4)
    assert len([one for one in server.flags() if "Seen" in one]) == 2
    work.taker.later.clear()
    await until(lambda: len(work.taker.mails) == 3)
    await until(lambda: len([one for one in server.flags() if "Seen" in one]) == 3)
    await over(task)


async def test_another_uidvalidity_makes_the_folder_a_new_one(server, work):
    work.places.kept = {"imap/elsewhere/validity": 1, "imap/elsewhere/uid": 4_000_000}
    server.put(mail_bytes())
    task = work.run()
    await until(lambda: len(work.taker.mails) == 1)
    await over(task)
    assert work.places.kept["imap/elsewhere/validity"] != 1


@pytest.mark.parametrize(
    ("fields", "folder"),
    [
        ({"after": "move"}, "Archive"),
        ({"after": "move", "move_to": "Ablage 归档"}, "Ablage 归档"),
        ({"after": "delete"}, None),
    ],
)
async def test_what_is_stored_is_moved_or_deleted(server, work, fields, folder):
    server.put(mail_bytes())
    server.put(mail_bytes(mail_id="<2@x>"), flags=r"(\Seen)")
    task = work.run(**fields)
    await until(lambda: len(work.taker.mails) == 2)
    await until(lambda: not server.flags())
    await over(task)
    if folder is not None:
        assert len(server.flags(folder_name(folder))) == 2


async def test_a_mail_that_is_too_large_stays_there(server, work):
    server.put(mail_bytes(text="x" * 70 + "\r\n" + "line\r\n" * 30_000))
    server.put(mail_bytes(mail_id="<2@x>"))
    task = work.run()
    await until(lambda: any("Seen" in one for one in server.flags()))
    await over(task)
    assert len(work.taker.mails) == 1
    assert b"<2@x>" in work.taker.mails[0]
    assert sorted("Seen" in one for one in server.flags()) == [False, True]


async def test_a_server_that_goes_away_and_comes_back(server, work):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(min(seconds, 0.2))

    task = work.run(sleep=sleep)
    await until(lambda: "imap/elsewhere/uid" in work.places.kept)
    server.stop()
    await until(lambda: work.figures.imap_failures["elsewhere"] >= 3)
    server.start()
    server.put(mail_bytes())
    await until(lambda: len(work.taker.mails) == 1)
    await over(task)
    assert {5.0, 10.0} <= set(pauses)


async def test_a_wrong_password_is_tried_ever_less_often(server, work, monkeypatch):
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setenv("IMAP_PASSWORD", "wrong")
    task = work.run(sleep=sleep)
    await until(lambda: len(pauses) >= 2, seconds=30)
    await over(task)
    assert pauses[:2] == [5.0, 10.0]


def token(user=USER, lasts_s=600):
    now = int(time.time())
    claims = {"sub": user, "iat": now, "nbf": now - 60, "exp": now + lasts_s}
    return jwt.encode(claims, TOKEN_KEY, algorithm="HS256")


async def test_starttls_and_a_certificate_that_is_believed(server, work):
    context = ssl.create_default_context(cafile=server.certificate)
    server.put(mail_bytes())
    task = work.run(tls="starttls", context=context)
    await until(lambda: bool(work.taker.mails))
    await over(task)


async def test_a_certificate_that_is_not_believed_hears_no_password(server, work, monkeypatch):
    said = []
    monkeypatch.setattr("aioimaplib.IMAP4.login", lambda *all_: said.append(all_))
    server.put(mail_bytes())
    task = work.run(tls="starttls", sleep=lambda _: asyncio.Event().wait())
    await until(lambda: work.figures.imap_failures["elsewhere"] == 1)
    await over(task)
    assert not said
    assert not work.taker.mails


async def test_a_token_logs_in_and_is_read_anew(server, work, tmp_path):
    file = tmp_path / "token"
    file.write_text(token(lasts_s=-60))
    server.put(mail_bytes())
    pauses = []

    async def renewed(pause_s):
        pauses.append(pause_s)
        file.write_text(token())
        await asyncio.sleep(0.01)

    task = work.run(login="xoauth2", password=Secret(file=file), sleep=renewed)
    await until(lambda: bool(work.taker.mails))
    await over(task)
    assert pauses[0] == 5, "an old token is refused at once, and tried again later"
