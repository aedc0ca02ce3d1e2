"""The HTTP of messengers: what adapters post and get."""

from collections.abc import AsyncIterator
from typing import Annotated, Final, TypeVar
from urllib.parse import quote, unquote

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from channels.http.problem import ProblemFound
from channels.messenger.gateway import Messengers
from channels.messenger.protocol import HEX_ID, InboundMark, InboundMessage, InboundStored

PREFIX: Final = "/messengers/v1"
NAME_CHARACTERS_MAX: Final = 600
"""Of a file's name as it travels, percent-encoded."""

Told = TypeVar("Told", InboundMessage, InboundMark)

MessengerPath = Annotated[
    str,
    Path(
        max_length=63,
        description="The messenger, by its id in the configuration.",
        examples=["telegram"],
    ),
]
AttachmentPath = Annotated[
    str,
    Path(pattern=HEX_ID, description="The file.", examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"]),
]


def messenger_router(messengers: Messengers) -> APIRouter:
    """Return the routes over all messengers of a node."""
    router = APIRouter(prefix=PREFIX, include_in_schema=False)

    async def signed(request: Request, messenger_id: str) -> bytes:
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        fault = messengers.fault_of(messenger_id, headers, body)
        if fault is not None:
            raise ProblemFound("unauthorized", fault)
        return body

    @router.post("/{messenger_id}/messages", status_code=202)
    async def receive(request: Request, messenger_id: MessengerPath) -> InboundStored:
        """Take what a customer has written; the answer comes when it is committed."""
        told = _read(InboundMessage, await signed(request, messenger_id))
        receipt = await messengers.receive(messenger_id, told)
        return InboundStored(
            conversation_id=receipt.conversation.conversation_id,
            sequence=receipt.message.sequence,
            duplicate=receipt.duplicate,
        )

    @router.post("/{messenger_id}/marks", status_code=204)
    async def mark(request: Request, messenger_id: MessengerPath) -> None:
        """Take how far a message to a customer has come."""
        told = _read(InboundMark, await signed(request, messenger_id))
        await messengers.mark(messenger_id, told)

    @router.post("/{messenger_id}/attachments", status_code=201)
    async def keep(
        request: Request,
        messenger_id: MessengerPath,
        x_file_name: Annotated[str, Header(max_length=NAME_CHARACTERS_MAX)] = "file",
        content_type: Annotated[str, Header(max_length=127)] = "application/octet-stream",
    ) -> dict[str, str | int]:
        """Store a file of a message to come."""
        body = await signed(request, messenger_id)
        kept = await messengers.keep(
            messenger_id,
            _once(body),
            name=unquote(x_file_name, errors="replace"),
            claimed_type=content_type.partition(";")[0].strip(),
        )
        return {
            "attachment_id": kept.attachment_id,
            "media_type": kept.media_type,
            "bytes": kept.bytes,
        }

    @router.get("/{messenger_id}/attachments/{attachment_id}")
    async def file(
        messenger_id: MessengerPath,
        attachment_id: AttachmentPath,
        expires: Annotated[int, Query(ge=0, le=10**12)],
        signature: Annotated[str, Query(max_length=64)],
    ) -> StreamingResponse:
        """Return a file that goes with a message to a customer."""
        found, content = await messengers.file(
            messenger_id, attachment_id, expires_s=expires, signature=signature
        )
        return StreamingResponse(
            content,
            media_type=found.media_type,
            headers={
                "Content-Length": str(found.bytes),
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name, safe='')}",
                "Cache-Control": "private, no-store",
            },
        )

    return router


def _read(kind: type[Told], body: bytes) -> Told:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}"
            for mistake in error.errors(include_url=False, include_input=False)
        )
        raise ProblemFound("unprocessable", told) from None


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
