"""The agents' page: what it is served under, and that it says everything in both languages."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from channels.http.app import build_app
from channels.http.desk_page import FOLDER
from domain.contact import Channel
from domain.customer import IdentifierKind
from domain.message import Delivery
from domain.proof import Proof
from domain.ticket import TicketState
from domain.timeline import EntryKind
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings

FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())
SCRIPTS = "\n".join(path.read_text("utf-8") for path in FILES if path.suffix == ".js")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(http_settings(desk=True), Node().ports(), token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as found:
        yield found


async def test_its_files_come_without_a_token_under_a_strict_policy(
    client: httpx.AsyncClient,
) -> None:
    assert {path.name for path in FILES} >= {"index.html", "desk.css", "desk.js", "texts.js"}
    for path in FILES:
        answer = await client.get("/desk/" + path.name.removeprefix("index.html"))
        assert (answer.status_code, answer.content) == (200, path.read_bytes())
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = await client.get("/desk/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for other in ("/desk", "/desk/../app.py", "/desk/index.html", "/desk/none.js"):
        assert (await client.get(other)).status_code == 404


async def test_it_is_off_unless_it_is_asked_for() -> None:
    app = build_app(http_settings(), Node().ports(), token=TOKEN)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        assert (await client.get("/desk/")).status_code == 404


def test_nothing_in_it_runs_inline_or_comes_from_elsewhere() -> None:
    for path in FILES:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), path.name
        assert "innerHTML" not in text, path.name
        assert not re.search(r"<script>|<style|\son[a-z]+=\"|\sstyle=\"", text), path.name


def words(language: str) -> dict[str, str]:
    source = (FOLDER / "texts.js").read_text("utf-8")
    block = source.partition(f"  {language}: {{")[2].partition("\n  },")[0]
    return dict(re.findall(r'(\w+): "([^"]*)"', block))


def test_every_word_is_there_in_both_languages() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    assert len(english) > 60
    assert all(re.search(r"[一-鿿]", word) for word in chinese.values())
    used = set(re.findall(r"\bt\(\"(\w+)\"\)", SCRIPTS))
    assert used
    assert used <= english.keys(), used - english.keys()
    shown = {*Channel, *Delivery, *IdentifierKind, *EntryKind, "typing"} - {EntryKind.CONTACT}
    shown |= {f"proof_{one}" for one in Proof} | {f"state_{one}" for one in TicketState}
    assert shown <= english.keys(), shown - english.keys()
