"""The section `attachments` of the schema: which files are taken in, and how they are scanned."""

from typing import Annotated, Final, Literal

from pydantic import Field

from config.section import Section
from config.values import rule

TYPES: Final[list[str]] = [
    *("image/png", "image/jpeg", "image/gif", "image/webp", "image/heic", "image/heif"),
    *("application/pdf", "application/rtf", "application/zip", "application/json"),
    *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
    *(
        "application/vnd.openxmlformats-officedocument.*",
        "application/vnd.oasis.opendocument.*",
    ),
    *("message/rfc822", "text/plain", "text/csv", "text/calendar", "text/vcard"),
    *("audio/*", "video/*"),
]
"""What customers send: pictures, documents, recordings. No program, no web page, no SVG."""

MediaType = Annotated[
    str,
    Field(
        pattern=r"^([a-z]+/(\*|[a-z0-9][a-z0-9.+-]*\*?)|\*/\*)$",
        max_length=127,
        json_schema_extra=rule(
            "a media type such as image/png, image/*, or application/vnd.oasis.opendocument.*"
        ),
    ),
]


class ClamdScan(Section):
    """A clamd that looks at every file before anybody may open it (clamd(8), INSTREAM)."""

    clamd: Annotated[
        str,
        Field(
            pattern=r"^(/.+|[A-Za-z0-9.-]+:[0-9]{1,5}|\[[0-9A-Fa-f:]+\]:[0-9]{1,5})$",
            json_schema_extra=rule("HOST:PORT, or the path of a Unix socket, beginning with /"),
        ),
    ]
    """Where it listens. Its `StreamMaxLength` must be at least `bytes_max`, else larger files
    count as not scanned."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How long one file may take."""
    at_once_max: Annotated[int, Field(ge=1, le=64)] = 4
    """Files scanned at once; more wait their turn, within `timeout_s`."""
    when_down: Literal["refuse", "hold"] = "hold"
    """While it does not answer, `hold` keeps files shut until it does; `refuse` takes none."""
    retry_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    """How often it is tried again for the files that are held."""


class Attachments(Section):
    """Files that come with messages, kept in `attachments/` of the data folder."""

    bytes_max: Annotated[int, Field(ge=1_024, le=1_073_741_824)] = 26_214_400
    """Largest file in bytes; most mail servers take 25 MiB."""
    types: list[MediaType] = TYPES
    """Types that are taken in, as a file's bytes show them, whatever the sender says. SVG and
    HTML are never shown in the browser, even if they are allowed here."""
    image_pixels_max: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000_000
    """A picture of more pixels is refused: a small file can fill the memory of whoever opens it.
    Telephones take pictures of up to 100 million pixels."""
    unpacked_bytes_max: Annotated[int, Field(ge=1_024)] = 1_073_741_824
    """An archive that says it holds more is refused, as is one that unpacks to 200 times its
    size."""
    uploads_max: Annotated[int, Field(ge=1, le=1_000)] = 32
    """Uploads over HTTP at once."""
    upload_s_max: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Seconds that one upload may take; a piece of it has to come every `http.request_s_max`."""
    keep_unused_s: Annotated[int, Field(ge=60)] = 86_400
    """A file that no message has taken up by then is deleted."""
    scan: ClamdScan | None = None
    """A virus scanner; nothing: files are not scanned."""
