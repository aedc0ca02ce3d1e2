"""Files of customers: uploaded before the message that carries them, fetched by whom they are for.

Both ask for the bearer token that `welcome` gave the connection: it is good as long as that lasts.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import quote, unquote

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from channels.chat.protocol import SEQUENCE_MAX
from channels.chat.refused import Refused
from channels.chat.service import ChatService, Seat
from channels.chat.telling import FILES_PATH
from domain.attachment import Attachment
from domain.conversation_ports import AttachmentVault
from domain.errors import AttachmentRefused, LimitExceeded, StoreError

NAME_CHARACTERS_MAX: Final = 255
SHOWN_TYPES: Final = frozenset(
    ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/mpeg", "audio/ogg", "video/mp4")
)
"""What a browser may show by itself; all else is downloaded, HTML and SVG above all."""


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an upload."""

    attachment_id: str
    name: str
    media_type: str
    """What its bytes say it is."""
    bytes: int


class FileRoutes:
    """POST /chat/v1/attachments and GET of one."""

    def __init__(self, service: ChatService, vault: AttachmentVault | None) -> None:
        """Prepare; without a vault no files are taken."""
        self._service = service
        self._vault = vault
        self._at_once = 0

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes."""
        return [
            Route(FILES_PATH, self.upload, methods=["POST"]),
            Route(FILES_PATH + "/{sequence:int}/{attachment_id:str}", self.fetch, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """Store a file; its id is good for one message.

        Raises:
            Refused: The session, a limit, or what the vault says.
        """
        vault = self._admit(request)
        settings = self._service.settings
        if self._at_once >= settings.uploads_max:
            raise Refused("http", "chat.uploads_max is reached", status=429, wait_s=5)
        self._at_once += 1
        try:
            async with asyncio.timeout(settings.attachment_s_max):
                attachment = await _put(vault, request, settings.attachment_bytes_max)
        except TimeoutError:
            detail = f"chat.attachment_s_max: not complete after {settings.attachment_s_max:g} s"
            raise Refused("request-timeout", detail) from None
        except ClientDisconnect:
            raise Refused("bad-request", "the body broke off") from None
        finally:
            self._at_once -= 1
        self._service.figures.uploads += 1
        answer = Uploaded(
            attachment_id=attachment.attachment_id,
            name=attachment.name,
            media_type=attachment.media_type,
            bytes=attachment.bytes,
        )
        return Response(msgspec.json.encode(answer), status_code=201, media_type="application/json")

    async def fetch(self, request: Request) -> Response:
        """Return a file of one of the customer's own messages.

        Raises:
            Refused: The session, or no such file that opens.
        """
        seat = self._seat(request)
        sequence = request.path_params["sequence"]
        try:
            attachment = await self._of_message(
                seat.room.conversation_id, sequence, request.path_params["attachment_id"]
            )
        except StoreError:
            raise Refused("unavailable", "the file could not be read") from None
        if attachment is None or self._vault is None:
            raise Refused("not-known", "no such file in that message")
        if not attachment.opens:
            raise Refused("conflict", "the file is not handed out")
        shown = attachment.media_type in SHOWN_TYPES
        return StreamingResponse(
            self._vault.read(attachment),
            media_type=attachment.media_type if shown else "application/octet-stream",
            headers={
                "Content-Length": str(attachment.bytes),
                "Content-Disposition": disposition(attachment.name, inline=shown),
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Cache-Control": "private, max-age=3600",
            },
        )

    def _admit(self, request: Request) -> AttachmentVault:
        """Return where a file goes that may be sent."""
        settings = self._service.settings
        seat = self._seat(request)
        if self._vault is None:
            raise Refused("unavailable", "no files are taken here")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > settings.attachment_bytes_max:
            raise Refused("too-large", _over(settings.attachment_bytes_max))
        wait_s = seat.files.take(self._service.clock.monotonic_s())
        if wait_s:
            detail = "chat.attachments_per_hour is reached"
            raise Refused("http", detail, status=429, wait_s=wait_s)
        return self._vault

    async def _of_message(
        self, conversation_id: str | None, sequence: int, attachment_id: str
    ) -> Attachment | None:
        """Return an attachment of a message of his own conversation; None: there is none."""
        if conversation_id is None or not 0 < sequence <= SEQUENCE_MAX:
            return None
        page = await self._service.conversations.messages(
            conversation_id, after=sequence - 1, limit=1
        )
        return next(
            (
                one
                for message in page
                if message.sequence == sequence and not message.internal
                for one in message.attachments
                if one.attachment_id == attachment_id
            ),
            None,
        )

    def _seat(self, request: Request) -> Seat:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        peer = self._service.peer(token.strip()) if scheme.lower() == "bearer" else None
        if peer is None or peer.seat is None:
            raise Refused("unauthorized", "no session with that bearer token")
        return peer.seat


async def _put(vault: AttachmentVault, request: Request, bytes_max: int) -> Attachment:
    try:
        return await vault.put(
            _bounded(request, bytes_max),
            name=_name(request.headers.get("x-file-name", "")),
            claimed_type=request.headers.get("content-type", ""),
        )
    except LimitExceeded:
        raise Refused("too-large", _over(bytes_max)) from None
    except AttachmentRefused as error:
        # Its own text names the file.
        raise Refused("unprocessable", f"the file is not taken: {error.why}") from None
    except StoreError:
        raise Refused("unavailable", "the file could not be stored") from None


def disposition(name: str, *, inline: bool) -> str:
    """Return the header Content-Disposition of a file's name.

    Source:
        RFC 6266 section 4.3 with RFC 8187: the name in UTF-8, and a plain one for old clients.
    """
    plain = "".join(
        one if (one.isascii() and one.isalnum()) or one in "-_. " else "_" for one in name
    )
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def _bounded(request: Request, bytes_max: int) -> AsyncIterator[bytes]:
    """Yield a body in pieces.

    Raises:
        LimitExceeded: It is too long.
    """
    taken = 0
    async for part in request.stream():
        taken += len(part)
        if taken > bytes_max:
            raise LimitExceeded("chat.attachment_bytes_max", taken, bytes_max)
        if part:
            yield part


def _name(header: str) -> str:
    """Return a file's name from its header: percent-encoded UTF-8, cleaned by the vault too."""
    name = unquote(header[: NAME_CHARACTERS_MAX * 12], errors="replace")
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in name if one.isprintable())[:NAME_CHARACTERS_MAX] or "file"


def _over(limit: int) -> str:
    return f"chat.attachment_bytes_max: the file is over the limit of {limit} bytes"
