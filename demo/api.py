"""The node's API as the demo uses it: a few requests, and every event as it happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect


class Api:
    """One node's API."""

    def __init__(self, url: str, token: str) -> None:
        """Speak to the API at this URL with this token."""
        self._where = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str) -> Any:
        """Return the JSON at a path below /api/v1.

        Raises:
            OSError: No answer, or another status than 200.
        """
        return json.loads(await self.content(path))

    async def content(self, path: str) -> bytes:
        """Return the bytes at a path below /api/v1, such as those of an attachment.

        Raises:
            OSError: No answer, or another status than 200.
        """
        return await asyncio.to_thread(self._get, path)

    def _get(self, path: str) -> bytes:
        connection = HTTPConnection(self._where.hostname or "", self._where.port, timeout=10)
        try:
            connection.request("GET", f"/api/v1{path}", headers=self._headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise OSError(f"GET {path}: {response.status} {body[:200]!r}")
        return body

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every event from the first that is kept."""
        url = f"ws://{self._where.netloc}/api/v1/events?after=0"
        async with connect(url, additional_headers=self._headers, proxy=None) as socket:
            async for message in socket:
                event = json.loads(message)
                if "seq" in event:
                    yield event
