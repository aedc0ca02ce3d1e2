"""Attachments over HTTP: taken in as they stream, handed out whole or in parts."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.disposition import content_disposition, name_from
from channels.http.models import Answer
from channels.http.problem import ProblemFound
from channels.http.ranges import NotSatisfiable, matches, part_of
from channels.http.safety import HEAD_ONLY
from channels.http.uploads import Uploads
from domain.attachment import SHOWN, Attachment, Scan
from domain.conversation_ports import AttachmentVault
from domain.errors import LimitExceeded, NotKnown

router = APIRouter(tags=["attachments"], dependencies=[BEARER])

HEX_ID: Final = r"^[0-9a-f]{32}$"
SANDBOX: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Whatever a browser makes of a file, it runs nothing and belongs to no origin."""

AttachmentPath = Annotated[
    str,
    Path(
        pattern=HEX_ID,
        description="32 hexadecimal digits.",
        examples=["7c0e7a5d2f6b4a6f9b51d7a0c2e81f34"],
    ),
]


class AttachmentOut(Answer):
    """One file, without its content."""

    attachment_id: str = Field(
        description="32 hexadecimal digits.", examples=["7c0e7a5d2f6b4a6f9b51d7a0c2e81f34"]
    )
    name: str = Field(
        description="As its sender called it, without folders and control characters.",
        examples=["screenshot.png"],
    )
    media_type: str = Field(
        description="What its bytes say it is, whatever its sender says.", examples=["image/png"]
    )
    bytes: int = Field(description="Its size.", examples=[48213])
    content_hash: str = Field(
        description="SHA-256 of its bytes.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    uploaded_at: datetime = Field(
        description="Wall time, UTC.", examples=["2027-03-01T09:14:40.120000Z"]
    )
    scan: Scan = Field(
        description="What a scanner found; of `waiting` and `infected` the content is kept shut.",
        examples=["clean"],
    )
    inline_id: str = Field(
        description='Content-ID by which the HTML of a mail shows it; "" when it does not.',
        examples=[""],
    )

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        """Return the answer for one file."""
        return cls(
            attachment_id=attachment.attachment_id,
            name=attachment.name,
            media_type=attachment.media_type,
            bytes=attachment.bytes,
            content_hash=attachment.content_hash,
            uploaded_at=attachment.uploaded_at,
            scan=attachment.scan,
            inline_id=attachment.inline_id,
        )


def vault_of(ports: ApiPorts) -> AttachmentVault:
    """Return where attachments are kept.

    Raises:
        ProblemFound: Nowhere on this node.
    """
    if ports.attachments is None:
        raise ProblemFound("unavailable", "no part of this node keeps attachments")
    return ports.attachments


async def attachment_of(ports: ApiPorts, attachment_id: str) -> Attachment:
    """Return a file.

    Raises:
        NotKnown: There is none.
    """
    attachment = await vault_of(ports).get(attachment_id)
    if attachment is None:
        raise NotKnown("attachment", attachment_id)
    return attachment


@router.post(
    "/api/v1/attachments",
    status_code=201,
    summary="Upload a file",
    response_description="The file as it is kept, with the id to send it with.",
    responses=api_problems("attachment-refused", "limit", "unavailable"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": "the bytes of the file",
                }
            },
        }
    },
)
async def upload_attachment(
    request: Request,
    ports: Ports,
    *,
    x_file_name: Annotated[
        str | None,
        Header(
            max_length=2_000,
            description="Its name: UTF-8, percent-encoded.",
            examples=["%E6%88%AA%E5%9B%BE.png"],
        ),
    ] = None,
    content_disposition: Annotated[
        str | None,
        Header(
            max_length=2_000,
            description="Its name in the form of RFC 6266, where `X-File-Name` gives none.",
            examples=["attachment; filename*=UTF-8''%E6%88%AA%E5%9B%BE.png"],
        ),
    ] = None,
    content_type: Annotated[
        str | None,
        Header(
            max_length=255,
            description="What it is; believed only where its bytes do not tell.",
            examples=["image/png"],
        ),
    ] = None,
) -> AttachmentOut:
    """Take a file in: the body is the file itself, of at most `attachments.bytes_max` bytes.

    Its id goes into `attachments` of a message. A file that no message has taken up within
    `attachments.keep_unused_s` is deleted. The same bytes sent twice are kept once, under two ids.
    """
    uploads: Uploads = request.app.state.uploads
    vault = vault_of(ports)
    try:
        attachment = await vault.put(
            uploads.pieces(request),
            name=name_from(x_file_name, content_disposition),
            claimed_type=content_type or "",
        )
    except LimitExceeded as error:
        raise ProblemFound("too-large", str(error)) from None
    return AttachmentOut.of(attachment)


@router.get(
    "/api/v1/attachments/{attachment_id}",
    summary="Get what is known of a file",
    response_description="The file without its content.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_attachment(ports: Ports, attachment_id: AttachmentPath) -> AttachmentOut:
    """Name, type, size and hash of a file, and what a scanner found in it."""
    return AttachmentOut.of(await attachment_of(ports, attachment_id))


_CONTENT: Final[dict[str, Any]] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
"""Of the type that the file is of."""


@router.get(
    "/api/v1/attachments/{attachment_id}/content",
    summary="Get the content of a file",
    response_description="The bytes of the file.",
    response_class=Response,
    responses={
        200: {"description": "The bytes of the file.", "content": _CONTENT},
        206: {"description": "The part of them that `Range` asks for.", "content": _CONTENT},
        304: {"description": "The client has them already: its `If-None-Match` says so."},
        **api_problems("not-known", "attachment-shut", "range-not-satisfiable", "unavailable"),
    },
)
async def get_content(
    request: Request,
    ports: Ports,
    attachment_id: AttachmentPath,
    *,
    save: Annotated[
        bool, Query(description="Have a picture saved too, not shown.", examples=[True])
    ] = False,
    range_: Annotated[
        str | None,
        Header(
            alias="Range",
            description="One range of bytes; several are answered with the whole file.",
            examples=["bytes=0-1023"],
        ),
    ] = None,
    if_range: Annotated[
        str | None,
        Header(description="The `ETag` that the range belongs to.", examples=['"9f86d081"']),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(description="The `ETag` that the client has: 304.", examples=['"9f86d081"']),
    ] = None,
) -> Response:
    """The content, whole or in part (RFC 9110 section 14), with a strong `ETag`: its SHA-256.

    Pictures may be shown in a page, everything else is saved. While a scanner has not found it
    clean, 403.
    """
    attachment = await attachment_of(ports, attachment_id)
    if not attachment.opens:
        detail = f"attachment {attachment_id}: its scan says {attachment.scan.value}"
        raise ProblemFound("attachment-shut", detail)
    etag = f'"{attachment.content_hash}"'
    headers = {
        "ETag": etag,
        # A proxy keeps no customer's file, and a browser asks whether it may still be opened.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": SANDBOX,
    }
    if matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    size = attachment.bytes
    try:
        part = part_of(size, range_=range_, if_range=if_range, etag=etag)
    except NotSatisfiable:
        raise ProblemFound(
            "range-not-satisfiable",
            f"no byte of the file of {size} bytes is in that range",
            headers={"Content-Range": f"bytes */{size}"},
        ) from None
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Length": str(part.length),
        "Content-Disposition": content_disposition(
            attachment.name, inline=attachment.media_type in SHOWN and not save
        ),
    }
    if not part.whole:
        headers["Content-Range"] = part.content_range(size)
    status = 200 if part.whole else 206
    if request.scope.get(HEAD_ONLY):
        return Response(status_code=status, headers=headers, media_type=attachment.media_type)
    pieces = vault_of(ports).read(attachment, begin=part.begin, end=part.end)
    # The first piece is read before anything is answered: what cannot be read is a problem then.
    first = await anext(pieces, b"")
    return StreamingResponse(
        _all_of(first, pieces),
        status_code=status,
        headers=headers,
        media_type=attachment.media_type,
    )


async def _all_of(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
