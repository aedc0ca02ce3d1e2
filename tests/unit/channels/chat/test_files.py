"""Files: uploaded by who is connected, fetched by whom they are for, and by nobody else."""

from typing import Any

import httpx

from channels.chat.files import disposition
from tests.chat_support import ChatRig, Client, chat_rig

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def upload(
    rig: ChatRig, token: str, body: Any = PNG, name: str = "a.png", **headers: str
) -> httpx.Response:
    return await rig.http.post(
        "/chat/v1/attachments",
        content=body,
        headers={"Authorization": f"Bearer {token}", "X-File-Name": name, **headers},
    )


async def fetch(rig: ChatRig, client: Client, url: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.welcome['session']}"}
    return await rig.http.get(url, headers=headers)


async def test_a_file_comes_with_a_message_and_is_fetched_by_its_customer_alone() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        other, _ = await rig.enter()
        answer = await upload(
            rig, client.welcome["session"], name="..%2F..%2F%E5%8C%85%E8%A3%B9%0A.png"
        )
        assert answer.status_code == 201
        stored = answer.json()
        assert stored["name"] == "包裹.png"
        await client.say("", "a1", attachments=[stored["attachment_id"]])
        file = (await client.next("message"))["attachments"][0]
        got = await fetch(rig, client, file["url"])
        assert got.content == PNG
        assert got.headers["content-type"] == "image/png"
        assert got.headers["content-disposition"].startswith('inline; filename="')
        assert (await fetch(rig, other, file["url"])).status_code == 404
        await other.say("mine", "b1")
        await other.next("accepted")
        assert (await fetch(rig, other, file["url"])).status_code == 404
        assert (await rig.http.get(file["url"])).status_code == 401
        assert (await fetch(rig, client, file["url"].replace("/1/", "/2/"))).status_code == 404


async def test_a_page_is_downloaded_and_never_shown() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        stored = (await upload(rig, client.welcome["session"], b"<script>", "a.html")).json()
        await client.say("", "a1", attachments=[stored["attachment_id"]])
        file = (await client.next("message"))["attachments"][0]
        got = await fetch(rig, client, file["url"])
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in got.headers["content-security-policy"]


async def test_uploads_are_limited() -> None:
    async with chat_rig(attachment_bytes_max=1_024, attachments_per_hour=4) as rig:
        client, _ = await rig.enter()
        token = client.welcome["session"]
        assert (await upload(rig, "nobody")).status_code == 401
        assert (await upload(rig, token, bytes(2_000))).status_code == 413

        async def pieces() -> Any:
            for _ in range(4):
                yield bytes(400)

        # Without a length that is announced it is counted as it comes.
        assert (await upload(rig, token, pieces())).status_code == 413
        refused = await upload(rig, token, name="virus.exe")
        assert refused.status_code == 422
        assert "virus" not in refused.text
        assert (await upload(rig, token)).status_code == 201
        assert (await upload(rig, token)).status_code == 201
        late = await upload(rig, token)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 800
        assert len(rig.vault.files) == 2


async def test_an_id_that_is_none_is_refused() -> None:
    async with chat_rig() as rig:
        client, _ = await rig.enter()
        await client.say("look", "a1", attachments=["f" * 32])
        assert (await client.next("error"))["code"] == "not-known"


def test_a_name_cannot_break_out_of_its_header() -> None:
    shown = disposition('a"; filename=b.exe\r\nX: y.png', inline=True)
    assert "\r" not in shown
    assert shown.count('"') == 2
