"""A node is killed while mail comes in: what was answered is there, and nothing is there twice."""

import queue
import smtplib
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.mail_support import mail_bytes

MAILS = 300
SENDERS = 4
KILLS = 3


class Node:
    """The process, while it runs."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.mail_node", str(folder)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = 0
        for line in self._process.stdout:
            if line.startswith("port "):
                self.port = int(line.split()[1])
                break
        assert self.port, "it has not begun"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def sends(port: int, waiting: "queue.Queue[int]", answered: list[int]) -> None:
    """Send what waits until the node is gone; put back what was not answered."""
    try:
        client = smtplib.SMTP("127.0.0.1", port, timeout=20)
    except (OSError, smtplib.SMTPException):
        return
    number = None
    try:
        while True:
            number = waiting.get_nowait()
            sender = f"c{number}@example.com"
            raw = mail_bytes(
                mail_id=f"<{number}@example.com>",
                sender=sender,
                text=f"mail {number}\r\n" + "words and words\r\n" * 200,
            )
            client.sendmail(sender, ["support@example.org"], raw)
            answered.append(number)
            number = None
    except queue.Empty:
        pass
    except (OSError, smtplib.SMTPException):
        if number is not None:
            waiting.put(number)
    finally:
        client.close()


def stored(folder: Path) -> list[str]:
    with sqlite3.connect(folder / "mail.sqlite3") as database:
        rows = database.execute("SELECT client_id FROM messages").fetchall()
    database.close()
    return [row[0].split("#")[0] for row in rows]


@pytest.mark.parametrize("after", [30, 90])
def test_every_answered_mail_is_there_once(tmp_path, after):
    waiting: queue.Queue[int] = queue.Queue()
    for number in range(MAILS):
        waiting.put(number)
    answered: list[int] = []
    for round_number in range(KILLS + 1):
        node = Node(tmp_path)
        threads = [
            threading.Thread(target=sends, args=(node.port, waiting, answered))
            for _ in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        if round_number < KILLS:
            goal = min(MAILS, len(answered) + after)
            wait = threading.Event()
            while len(answered) < goal and any(thread.is_alive() for thread in threads):
                wait.wait(0.001)
            node.kill()
        for thread in threads:
            thread.join()
        if round_number == KILLS:
            node.kill()
        there = stored(tmp_path)
        assert len(there) == len(set(there)), "stored twice"
        missing = {f"<{number}@example.com>" for number in answered} - set(there)
        assert not missing, "answered and lost"
    assert sorted(answered) == list(range(MAILS))
    assert len(stored(tmp_path)) == MAILS
