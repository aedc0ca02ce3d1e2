import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest

from channels.http.app import build_app
from channels.http.server import HttpServer
from config.attachments import Attachments
from domain.attachment import Scan
from domain.errors import StoreError
from tests.unit.channels.conversation_fakes import FakeVault
from tests.unit.channels.http.fakes import BEARER, TOKEN, Node, http_settings

LIMIT = 200_000


@pytest.fixture
def vault() -> FakeVault:
    return FakeVault(bytes_max=LIMIT)


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
async def client(node: Node, vault: FakeVault) -> AsyncIterator[httpx.AsyncClient]:
    """Over a real socket: how a body ends early is the server's matter."""
    settings = http_settings(request_s_max=0.5)
    ports = replace(node.ports(), attachments=vault)
    limits = Attachments(bytes_max=LIMIT, uploads_max=2, upload_s_max=2)
    app = build_app(settings, ports, token=TOKEN, attachment_settings=limits)
    async with (
        HttpServer(app, settings) as server,
        httpx.AsyncClient(base_url=server.url, headers=BEARER, timeout=20) as found,
    ):
        yield found


async def upload(client: httpx.AsyncClient, content: bytes = b"0123456789", **more: str) -> str:
    headers = {"Content-Type": "image/png", "X-File-Name": quote("截图.png"), **more}
    answer = await client.post("/api/v1/attachments", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    attachment_id: str = answer.json()["attachment_id"]
    return attachment_id


async def test_a_file_goes_in_and_comes_out(client: httpx.AsyncClient) -> None:
    content = bytes(range(256)) * 700
    which = await upload(client, content)
    told = (await client.get(f"/api/v1/attachments/{which}")).json()
    assert (told["name"], told["media_type"], told["bytes"]) == ("截图.png", "image/png", 179_200)
    answer = await client.get(f"/api/v1/attachments/{which}/content")
    assert (answer.status_code, answer.content) == (200, content)
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == "179200"
    assert headers["etag"] == f'"{told["content_hash"]}"'
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "private, no-cache"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].endswith("sandbox")
    assert headers["content-disposition"].startswith("inline; ")
    assert "%E6%88%AA%E5%9B%BE.png" in headers["content-disposition"]


async def test_only_pictures_are_shown(client: httpx.AsyncClient) -> None:
    for kind in ("image/svg+xml", "text/html", "application/pdf", "text/plain"):
        which = await upload(client, b"<svg/>", **{"Content-Type": kind})
        answer = await client.get(f"/api/v1/attachments/{which}/content")
        assert answer.headers["content-disposition"].startswith("attachment; "), kind
    which = await upload(client)
    answer = await client.get(f"/api/v1/attachments/{which}/content", params={"save": "true"})
    assert answer.headers["content-disposition"].startswith("attachment; ")


async def test_a_part(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/attachments/{await upload(client)}/content"
    answer = await client.get(path, headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["content-range"] == "bytes 2-4/10"
    assert answer.headers["content-length"] == "3"
    etag = answer.headers["etag"]
    answer = await client.get(path, headers={"Range": "bytes=-3", "If-Range": etag})
    assert (answer.status_code, answer.content) == (206, b"789")
    answer = await client.get(path, headers={"Range": "bytes=-3", "If-Range": '"other"'})
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    answer = await client.get(path, headers={"Range": "bytes=10-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10")
    assert answer.json()["type"].endswith("/range-not-satisfiable")
    answer = await client.get(path, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_head_tells_the_same_and_reads_nothing(
    client: httpx.AsyncClient, vault: FakeVault
) -> None:
    path = f"/api/v1/attachments/{await upload(client)}/content"
    vault.contents.clear()
    answer = await client.head(path)
    assert (answer.status_code, answer.headers["content-length"]) == (200, "10")
    answer = await client.head(path, headers={"Range": "bytes=1-"})
    assert (answer.status_code, answer.headers["content-length"]) == (206, "9")


async def test_what_a_scanner_has_not_cleared_stays_shut(
    client: httpx.AsyncClient, vault: FakeVault
) -> None:
    which = await upload(client)
    for scan in (Scan.WAITING, Scan.INFECTED):
        await vault.set_scan(which, scan)
        answer = await client.get(f"/api/v1/attachments/{which}/content")
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/attachment-shut")
        assert scan in answer.json()["detail"]
        assert "截图" not in answer.text
    await vault.set_scan(which, Scan.CLEAN)
    assert (await client.get(f"/api/v1/attachments/{which}/content")).status_code == 200


async def test_what_is_not_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/attachments", content=b"MZ program")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/attachment-refused")


async def test_a_file_that_is_too_large(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/attachments", content=b"x" * (LIMIT + 1))
    assert answer.status_code == 413
    assert f"200001 bytes is over the limit of {LIMIT}" in answer.json()["detail"]

    async def unannounced() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 10_000

    answer = await client.post("/api/v1/attachments", content=unannounced())
    assert answer.status_code == 413


async def test_one_that_stops_coming(client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(
        b"POST /api/v1/attachments HTTP/1.1\r\nHost: node\r\n"
        + f"Authorization: {BEARER['Authorization']}\r\n".encode()
        + b"Content-Length: 10\r\n\r\nhalf"
    )
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"nothing came for 0.5 s" in answer
    writer.close()


async def test_only_so_many_at_once(client: httpx.AsyncClient, vault: FakeVault) -> None:
    begun, go_on = asyncio.Barrier(3), asyncio.Event()
    put = vault.put

    async def slow(content: AsyncIterator[bytes], **more: str):
        first = await anext(content)
        await begun.wait()
        await go_on.wait()

        async def all_of() -> AsyncIterator[bytes]:
            yield first
            async for piece in content:
                yield piece

        return await put(all_of(), **more)

    vault.put = slow  # type: ignore[method-assign]
    tasks = [asyncio.create_task(upload(client)) for _ in range(2)]
    await begun.wait()
    answer = await client.post("/api/v1/attachments", content=b"third")
    assert answer.status_code == 503
    assert "attachments.uploads_max: 3 is over 2" in answer.json()["detail"]
    go_on.set()
    await asyncio.gather(*tasks)
    vault.put = put  # type: ignore[method-assign]
    await upload(client)


async def test_nobody_reads_without_the_token(client: httpx.AsyncClient) -> None:
    which = await upload(client)
    for path in (f"/api/v1/attachments/{which}", f"/api/v1/attachments/{which}/content"):
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401
    answer = await client.post("/api/v1/attachments", headers={"Authorization": ""}, content=b"x")
    assert answer.status_code == 401


async def test_there_is_none(client: httpx.AsyncClient) -> None:
    for tail in ("", "/content"):
        answer = await client.get(f"/api/v1/attachments/{'0' * 32}{tail}")
        assert answer.json()["type"].endswith("/not-known")


async def test_content_that_cannot_be_read_is_a_problem(
    client: httpx.AsyncClient, vault: FakeVault
) -> None:
    which = await upload(client)

    async def broken(*_: object, **__: object) -> AsyncIterator[bytes]:
        raise StoreError("gone")
        yield b""

    vault.read = broken  # type: ignore[method-assign]
    answer = await client.get(f"/api/v1/attachments/{which}/content")
    assert (answer.status_code, answer.json()["detail"]) == (503, "gone")


async def test_the_document_names_a_part_what_the_client_has_and_any_type(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    answers = document["paths"]["/api/v1/attachments/{attachment_id}/content"]["get"]["responses"]
    assert {"200", "206", "304"} <= answers.keys()
    assert list(answers["206"]["content"]) == ["*/*"]
    assert "content" not in answers["304"]
