"""Bodies that are files: bounded while they stream, never whole in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, NoReturn

from starlette.requests import ClientDisconnect, Request

from channels.http.figures import HttpFigures
from channels.http.problem import ProblemFound

UPLOAD_PATHS: Final = frozenset(("/api/v1/attachments",))
"""Where a body is a file, which `BodyLimit` leaves to the route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """How much of an upload is taken.

    Attributes:
        bytes_max: Of a file.
        seconds_max: From its first byte to its last.
        piece_s_max: From one piece of it to the next.
        at_once_max: Uploads.
    """

    bytes_max: int
    seconds_max: float
    piece_s_max: float
    at_once_max: int


class Uploads:
    """Takes files in, some at once."""

    def __init__(self, limits: UploadLimits, figures: HttpFigures) -> None:
        """Take them within these limits."""
        self._limits = limits
        self._figures = figures
        self._running = 0

    async def pieces(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the body of a request as it comes.

        Raises:
            ProblemFound: It is over a limit, too slow, or one too many; or its client has gone.
        """
        limits = self._limits
        if self._running >= limits.at_once_max:
            self._figures.uploads_refused += 1
            detail = f"attachments.uploads_max: {self._running + 1} is over {limits.at_once_max}"
            raise ProblemFound("limit", detail, headers={"Connection": "close"})
        self._running += 1
        try:
            announced = request.headers.get("content-length", "")
            # h11 has checked that it is a number (RFC 9110 section 8.6).
            if announced.isdecimal() and int(announced) > limits.bytes_max:
                self._refuse(int(announced))
            loop = asyncio.get_running_loop()
            until_s = loop.time() + limits.seconds_max
            stream = aiter(request.stream())
            taken = 0
            while True:
                wait_s = min(limits.piece_s_max, until_s - loop.time())
                try:
                    async with asyncio.timeout(wait_s):
                        piece = await anext(stream)
                except TimeoutError:
                    self._late()
                except (ClientDisconnect, StopAsyncIteration) as error:
                    if isinstance(error, ClientDisconnect):
                        raise ProblemFound("bad-request", "the client has gone") from None
                    return
                taken += len(piece)
                if taken > limits.bytes_max:
                    self._refuse(taken)
                yield piece
        finally:
            self._running -= 1

    def _late(self) -> NoReturn:
        self._figures.requests_timed_out += 1
        detail = (
            f"the file was not complete after {self._limits.seconds_max:g} s"
            f" (attachments.upload_s_max), or nothing came for {self._limits.piece_s_max:g} s"
        )
        raise ProblemFound("request-timeout", detail, headers={"Connection": "close"}) from None

    def _refuse(self, size: int) -> NoReturn:
        """Refuse a file that is too large."""
        self._figures.bodies_refused += 1
        detail = (
            f"attachments.bytes_max: the file of {size} bytes is over the limit of"
            f" {self._limits.bytes_max}"
        )
        raise ProblemFound("too-large", detail, headers={"Connection": "close"})
