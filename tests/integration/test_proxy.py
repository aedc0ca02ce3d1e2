"""Behind nginx, by the very block of docs/operating.md: chat, files, desks, and who is who."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from channels.http.app import build_app
from channels.http.server import HttpServer
from domain.events import DisclosurePlayed
from tests.certificates import write_certificate
from tests.chat_support import ORIGIN, ChatRig, chat_rig
from tests.nginx import Nginx
from tests.programs import require_program
from tests.unit.channels.http.fakes import TOKEN, Node, http_settings

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
PROXIES = ["127.0.0.1/32"]


class Proxied:
    """Clients that come through the proxy."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self.port, self.tls = port, tls

    def http(self, address: str = "127.0.0.2") -> httpx.AsyncClient:
        way = httpx.AsyncHTTPTransport(verify=self.tls, local_address=address)
        return httpx.AsyncClient(transport=way, base_url=f"https://127.0.0.1:{self.port}")

    def socket(self, path: str, address: str = "127.0.0.2", **more: Any) -> connect:
        where = f"wss://127.0.0.1:{self.port}{path}"
        return connect(where, ssl=self.tls, local_addr=(address, 0), compression=None, **more)


@contextmanager
def nginx(folder: Path, port_behind: int, *paths: str) -> Iterator[Proxied]:
    """Run the block of the page with these ports, certificate and paths, and no other change."""
    program = require_program("nginx")
    block = re.search(r"^    server \{\n.*?^    \}\n", PAGE.read_text("utf-8"), re.S | re.M)
    assert block is not None
    server = block[0]
    certificate, key = write_certificate(folder, "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for what, other in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/chat.pem", str(certificate)),
        ("/etc/ssl/chat.key", str(key)),
        ("http://127.0.0.1:8081", f"http://127.0.0.1:{port_behind}"),
    ):
        assert server.count(what) == 1, what
        server = server.replace(what, other)
    if paths:
        location = re.search(r"^      location /chat/v1/ \{.*?^      \}\n", server, re.S | re.M)
        assert location is not None
        others = "".join(location[0].replace("/chat/v1/", path) for path in paths)
        server = server.replace(location[0], others)
    with Nginx(program, folder, server, port):
        yield Proxied(port, ssl.create_default_context(cafile=certificate))


async def hello(http: httpx.AsyncClient, socket: Any) -> dict[str, Any]:
    given = await http.post("/chat/v1/tickets", json={}, headers={"Origin": ORIGIN})
    ticket = given.raise_for_status().json()["ticket"]
    await socket.send(json.dumps({"type": "hello", "version": 1, "ticket": ticket}))
    return await told(socket, "welcome")


async def told(socket: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["type"] == kind:
                return message


def behind(rig: ChatRig) -> int:
    return rig.server.address[1]


async def test_a_customer_chats_and_sends_the_largest_file(tmp_path: Path) -> None:
    async with chat_rig(proxies=PROXIES) as rig:
        with nginx(tmp_path, behind(rig)) as proxy:
            bytes_max = rig.service.settings.attachment_bytes_max
            rig.vault.bytes_max = bytes_max
            async with proxy.http() as http, proxy.socket("/chat/v1/socket", origin=ORIGIN) as tab:
                welcome = await hello(http, tab)
                await tab.send(
                    json.dumps({"type": "message", "client_id": "a1", "text": "Hello 你好"})
                )
                conversation_id = (await told(tab, "accepted"))["conversation_id"]
                rig.conversations.agent_says(conversation_id, "here")
                assert (await told(tab, "message"))["text"] == "Hello 你好"
                assert (await told(tab, "message"))["text"] == "here"
                headers = {"Authorization": f"Bearer {welcome['session']}", "X-File-Name": "a.png"}
                body = b"\x89PNG\r\n\x1a\n" + bytes(bytes_max - 8)
                stored = await http.post("/chat/v1/attachments", content=body, headers=headers)
                assert stored.status_code == 201
                over = await http.post("/chat/v1/attachments", content=body + b"x", headers=headers)
                # Ours, and none of the proxy: its limit lies a little above.
                assert over.headers["content-type"] == "application/problem+json"
                assert over.status_code == 413


async def test_limits_are_for_each_customer_and_not_for_the_proxy(tmp_path: Path) -> None:
    async with chat_rig(proxies=PROXIES, connections_per_address_max=1) as rig:
        with nginx(tmp_path, behind(rig)) as proxy:
            place = "/chat/v1/socket"
            async with (
                proxy.socket(place, "127.0.0.2", origin=ORIGIN),
                proxy.socket(place, "127.0.0.3", origin=ORIGIN),
            ):
                with pytest.raises(InvalidStatus) as refused:
                    async with proxy.socket(place, "127.0.0.3", origin=ORIGIN):
                        pass
    assert refused.value.response.status_code == 429


async def test_who_forges_where_he_comes_from_is_not_believed(tmp_path: Path) -> None:
    async with chat_rig(proxies=PROXIES, connections_per_address_max=1) as rig:
        with nginx(tmp_path, behind(rig)) as proxy:
            place, forged = "/chat/v1/socket", {"X-Forwarded-For": "192.0.2.7"}
            async with proxy.socket(place, origin=ORIGIN, additional_headers=forged):
                with pytest.raises(InvalidStatus):
                    async with proxy.socket(place, origin=ORIGIN):
                        pass


async def test_the_desk_and_the_events_in_the_same_form(tmp_path: Path) -> None:
    settings = http_settings(desk=True, proxies=PROXIES)
    node = Node()
    app = build_app(settings, node.ports(), token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with HttpServer(app, settings) as server:
        with nginx(tmp_path, server.address[1], "/desk/", "/api/") as proxy:
            async with proxy.http() as http:
                assert "<title>" in (await http.get("/desk/")).text
                assert (await http.get("/api/v1/queues")).status_code == 401
                assert (await http.get("/api/v1/queues", headers=bearer)).status_code == 200
            async with proxy.socket("/api/v1/events", additional_headers=bearer) as events:
                node.stream.publish(DisclosurePlayed(contact_id="x"))
                await told(events, "DisclosurePlayed")
