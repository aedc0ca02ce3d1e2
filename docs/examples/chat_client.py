"""A customer in the terminal, by docs/protocols/chat.md alone: `chat_client.py URL ORIGIN`."""

import asyncio
import json
import sys
import uuid
from contextlib import suppress
from random import uniform

import httpx
import websockets

Live = list[websockets.ClientConnection]
Waiting = dict[str, str]


async def say(waiting: Waiting, live: Live) -> None:
    """Send what is typed, now or with the next connection; keep it until it is accepted."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        message = {"type": "message", "client_id": str(uuid.uuid4()), "text": line.strip()}
        waiting[message["client_id"]] = json.dumps(message)
        for socket in live:
            with suppress(websockets.ConnectionClosed):
                await socket.send(json.dumps(message))


async def chat(url: str, origin: str, waiting: Waiting, live: Live) -> None:
    """Connect, print what comes, and connect again after every loss that is not for good."""
    visitor, resume, failures, socket, headers = "", None, 0, None, {"Origin": origin}
    typing = asyncio.create_task(say(waiting, live))
    while not typing.done() and getattr(socket, "close_code", 0) not in {4400, 4403, 4406}:
        with suppress(OSError, httpx.HTTPError, websockets.WebSocketException):
            async with httpx.AsyncClient(headers=headers) as http:
                answer = await http.post(f"{url}/chat/v1/tickets", json={"visitor": visitor})
            given = answer.raise_for_status().json()
            visitor, place = given["visitor"], url.replace("http", "ws", 1) + "/chat/v1/socket"
            hello = {"type": "hello", "version": 1, "ticket": given["ticket"], "resume": resume}
            async with websockets.connect(place, additional_headers=headers) as socket:
                await socket.send(json.dumps(hello))
                async for frame in socket:
                    match json.loads(frame):
                        case {"type": "live"} | {"type": "error", "retry_after_s": float()} as news:
                            await asyncio.sleep(news.get("retry_after_s", 0.0))
                            live[:], failures = [socket], 0
                            for message in list(waiting.values()):
                                await socket.send(message)
                        case {"type": "accepted", "client_id": client_id}:
                            waiting.pop(client_id, None)
                        case {"type": "message", "sequence": newest, **told}:
                            resume = {"conversation_id": told["conversation_id"], "after": newest}
                            print(f"{told['author']}: {told['text']}", flush=True)
                        case {"type": "error", "client_id": client_id, "code": code}:
                            print(f"[{code}: {waiting.pop(client_id, '')}]", flush=True)
        live[:], failures = [], min(failures + 1, 6)
        await asyncio.sleep(uniform(0.25, 0.5) * 2**failures)
    print("[closed: Enter ends it]", flush=True)


if __name__ == "__main__":
    asyncio.run(chat(sys.argv[1], sys.argv[2], {}, []))
