import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.mail.parsed import Envelope, Quarantined
from channels.mail.quarantine import Quarantine
from config.load import load
from domain.quarantine import QuarantinedMail
from run_pbx import app
from server.clock import SystemClock
from store.opening import open_quarantine
from tests.config_support import RIGHT

CLI = CliRunner()
ENV = {"WARMLINE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "200"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = tmp_path / "site.yaml"
    file.write_text(RIGHT, encoding="utf-8")
    return file


def run(site: Path, *words: str):
    return CLI.invoke(app, ["mail", "quarantine", *words, "--config", str(site)], env=ENV)


def lay_aside(site: Path) -> tuple[QuarantinedMail, Path]:
    folder = load(site, look_up_secrets=False).configuration.node.data_folder

    async def put() -> QuarantinedMail:
        async with open_quarantine(folder) as shelf:
            quarantine = Quarantine(folder / "quarantine", shelf, SystemClock(), days=30)
            return await quarantine.put(
                b"From: x\r\n\r\n",
                Envelope(sender="customer@example.com", recipients=("support@example.org",)),
                Quarantined(rule="parts", reason="9 over 5 [bold]"),
            )

    mail = asyncio.run(put())
    return mail, folder / "quarantine" / mail.content_hash[:2] / mail.content_hash


def test_listed_shown_and_dropped(site: Path) -> None:
    assert "no mails" in run(site, "list").output
    mail, file = lay_aside(site)
    listed = run(site, "list").output
    assert mail.quarantine_id in listed
    assert "parts: 9 over 5 [bold]" in listed
    assert "customer@example.com" not in listed
    shown = run(site, "show", mail.quarantine_id).output
    assert "customer@example.com" in shown
    assert "support@example.org" in shown
    assert file.exists()
    assert run(site, "drop", mail.quarantine_id).exit_code == 0
    assert not file.exists()
    assert "no mails" in run(site, "list").output


@pytest.mark.parametrize("word", ["show", "drop"])
def test_one_that_is_not_there(site: Path, word: str) -> None:
    result = run(site, word, "f" * 32)
    assert result.exit_code == 1
    assert "no mail in quarantine" in result.output
