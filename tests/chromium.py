"""Drives Chromium without a window, over its DevTools protocol."""

import asyncio
import base64
import contextlib
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PROGRAM = shutil.which("chromium")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--remote-debugging-port=0",
)


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket = socket
        self._session = session
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.errors: list[str] = []
        """What the page's scripts have thrown or logged as an error."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for one thing of the DevTools protocol."""
        number = next(self._ids)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(
            json.dumps(
                {
                    "id": number,
                    "method": method,
                    "params": parameters,
                    **({"sessionId": self._session} if self._session else {}),
                }
            )
        )
        async with asyncio.timeout(30):
            return await future

    async def read(self) -> None:
        """Hand out answers, for ever."""
        async for text in self._socket:
            message = json.loads(text)
            future = self._waiting.pop(message.get("id", 0), None)
            if future is not None and not future.done():
                if "error" in message:
                    future.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    future.set_result(message["result"])
            elif message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(message["params"]["exceptionDetails"])[:500])

    async def goto(self, url: str) -> None:
        """Open a page."""
        await self.call("Page.navigate", url=url)

    async def eval(self, script: str) -> Any:
        """Return the value of an expression, awaited."""
        answer = await self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"])[:500])
        return answer["result"].get("value")

    async def until(self, script: str, seconds: float = 20.0) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(RuntimeError):
                    if await self.eval(f"Boolean({script})"):
                        return
                await asyncio.sleep(0.05)

    async def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Set the size of the screen."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if mobile else 1,
            mobile=mobile,
        )

    async def media(self, scheme: str) -> None:
        """Prefer "dark" or "light"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def screenshot(self, path: Path) -> None:
        """Write what is seen as PNG."""
        answer = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))  # noqa: ASYNC240 - nothing else runs


@asynccontextmanager
async def chromium(*, language: str = "en-US") -> AsyncIterator[Page]:
    """Run a browser with one tab; it keeps nothing."""
    assert PROGRAM is not None, "the test asks for it first"
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *_FLAGS,
            f"--user-data-dir={folder}",
            f"--lang={language}",
            f"--accept-lang={language}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            place = Path(folder) / "DevToolsActivePort"
            async with asyncio.timeout(60):
                while not place.exists() or place.read_text().count("\n") < 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            port, path = place.read_text().split()[:2]
            async with connect(f"ws://127.0.0.1:{port}{path}", max_size=None) as socket:
                browser = Page(socket, "")
                reading = asyncio.create_task(browser.read())
                targets = (await browser.call("Target.getTargets"))["targetInfos"]
                target = next(one["targetId"] for one in targets if one["type"] == "page")
                attached = await browser.call(
                    "Target.attachToTarget", targetId=target, flatten=True
                )
                page = browser
                page._session = attached["sessionId"]
                await page.call("Runtime.enable")
                await page.call("Page.enable")
                await page.call("Network.enable")
                try:
                    yield page
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
