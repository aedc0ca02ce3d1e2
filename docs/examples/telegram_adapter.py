"""An adapter that joins Telegram to Warmline: `python telegram_adapter.py`, with its environment.

    TELEGRAM_TOKEN   of the bot          TELEGRAM_SECRET  given to Telegram's setWebhook
    WARMLINE_URL     such as http://127.0.0.1:8080/messengers/v1/telegram
    WARMLINE_SECRET  whsec_... of `messengers.secret`

Telegram posts to /telegram, Warmline to /warmline; docs/protocols/messenger.md tells of the latter.
"""

import base64
import hashlib
import hmac
import json
import os
import time

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

API = os.environ.get("TELEGRAM_API", "https://api.telegram.org")
TOKEN, SECRET = os.environ["TELEGRAM_TOKEN"], os.environ["TELEGRAM_SECRET"]
WARMLINE = os.environ["WARMLINE_URL"]
KEY = base64.b64decode(os.environ["WARMLINE_SECRET"].removeprefix("whsec_"))
app, http = FastAPI(), httpx.AsyncClient(timeout=10)


def signature(name: str, at: str, body: bytes) -> str:
    """Sign as docs/protocols/messenger.md says."""
    digest = hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


async def post(path: str, name: str, body: bytes, **headers: str) -> httpx.Response:
    """Post to Warmline, signed."""
    at = str(int(time.time()))
    signed = {"Webhook-Id": name, "Webhook-Timestamp": at}
    signed["Webhook-Signature"] = signature(name, at, body)
    answer = await http.post(WARMLINE + path, content=body, headers={**signed, **headers})
    return answer.raise_for_status()


async def file_of(file_id: str, name: str) -> str:
    """Bring a file of Telegram's to Warmline; return its id there."""
    told = (await http.post(f"{API}/bot{TOKEN}/getFile", json={"file_id": file_id})).json()
    content = await http.get(f"{API}/file/bot{TOKEN}/{told['result']['file_path']}")
    kept = await post("/attachments", file_id, content.content, **{"X-File-Name": name})
    return str(kept.json()["attachment_id"])


@app.post("/telegram")
async def from_telegram(request: Request) -> Response:
    """Take what a customer has written."""
    given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
    if not hmac.compare_digest(given.encode(), SECRET.encode()):
        return Response(status_code=401)
    message = (await request.json()).get("message")
    if message is None:
        return Response()  # An edit, a reaction, a poll.
    files = [*message.get("photo", [])[-1:], *filter(None, [message.get("document")])]
    told = {
        "message_id": f"{message['chat']['id']}-{message['message_id']}",
        "user_id": str(message["chat"]["id"]),
        "user_name": message["from"].get("first_name", ""),
        "language": message["from"].get("language_code", ""),
        "text": message.get("text") or message.get("caption") or "",
        "attachments": [await file_of(f["file_id"], f.get("file_name", "photo")) for f in files],
    }
    # Telegram posts again what was not answered by 2xx; Warmline stores it once.
    await post("/messages", told["message_id"], json.dumps(told).encode())
    return Response()


@app.post("/warmline")
async def to_telegram(request: Request) -> Response:
    """Take what is written to a customer."""
    body, given = await request.body(), request.headers
    wanted = signature(given["Webhook-Id"], given["Webhook-Timestamp"], body)
    fresh = abs(time.time() - int(given["Webhook-Timestamp"])) < 300
    if not (fresh and hmac.compare_digest(wanted, given["Webhook-Signature"])):
        return Response(status_code=401)
    message = json.loads(body)
    if message["text"]:
        told = {"chat_id": message["user_id"], "text": message["text"]}
        answer = await http.post(f"{API}/bot{TOKEN}/sendMessage", json=told)
        if answer.status_code == 403:  # The customer has blocked the bot.
            mark = {name: message[name] for name in ("conversation_id", "sequence")}
            mark |= {"mark": "failed", "reason": "blocked by the customer"}
            await post("/marks", message["message_id"], json.dumps(mark).encode())
            return Response()
        answer.raise_for_status()
    for one in message["attachments"]:
        content = await http.get(httpx.URL(WARMLINE).join(one["path"]))
        document = {"document": (one["name"], content.content, one["media_type"])}
        chat = {"chat_id": message["user_id"]}
        sent = await http.post(f"{API}/bot{TOKEN}/sendDocument", data=chat, files=document)
        sent.raise_for_status()
    return Response()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8090")))
