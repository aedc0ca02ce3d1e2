"""Every error of the API in one shape: problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from domain.errors import (
    AttachmentRefused,
    CallRefused,
    CellGone,
    ConfigurationError,
    EventsGone,
    IllegalTransition,
    LimitExceeded,
    NobodyServes,
    NoCellFree,
    NotKnown,
    NotServing,
    StillDangerous,
    StoreError,
    WarmlineError,
)

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
PROBLEM_PATH: Final = "/api/v1/problems/"
"""RFC 9457 section 3.1.1: a relative `type` uses the full path, so that it means one thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem.

    Attributes:
        title: The same for every occurrence (RFC 9457 section 3.1.3).
        meaning: What the client can do about it.
    """

    status: int
    title: str
    meaning: str


PROBLEMS: Final[dict[str, ProblemKind]] = {
    "bad-request": ProblemKind(
        status=400,
        title="The request could not be read",
        meaning="It is not HTTP as it should be, which closes the connection, or its body is no "
        "text at all.",
    ),
    "unauthorized": ProblemKind(
        status=401,
        title="No valid token",
        meaning="Send `Authorization: Bearer TOKEN` with the token of `http.token`; a browser's "
        "WebSocket offers the subprotocol `bearer.TOKEN` instead.",
    ),
    "not-found": ProblemKind(
        status=404,
        title="No such resource",
        meaning="Nothing is served at this path.",
    ),
    "not-known": ProblemKind(
        status=404,
        title="No such thing",
        meaning="The path is right, but no agent, queue, contact, customer, conversation, file, "
        "call or open alert has that name. A call that has ended is no call any more; look for its "
        "contact.",
    ),
    "method-not-allowed": ProblemKind(
        status=405,
        title="Method not allowed",
        meaning="The header `Allow` lists the methods of this path.",
    ),
    "attachment-shut": ProblemKind(
        status=403,
        title="The file may not be opened",
        meaning="A scanner has found something in it, or has not looked at it yet; `detail` says "
        "which.",
    ),
    "request-timeout": ProblemKind(
        status=408,
        title="The request came too slowly",
        meaning="The request was not complete within `http.request_s_max`, or a file within "
        "`attachments.upload_s_max`.",
    ),
    "conflict": ProblemKind(
        status=409,
        title="Not possible in the present state",
        meaning="Read the present state, then decide anew.",
    ),
    "events-gone": ProblemKind(
        status=410,
        title="Those events are no longer stored",
        meaning="Events older than `store.journal_events_max` are forgotten. Read the present "
        "state of agents, queues and calls, then follow from `first_sequence`.",
    ),
    "too-large": ProblemKind(
        status=413,
        title="The request is too large",
        meaning="The body is over `http.request_bytes_max`, or an import over "
        "`http.import_bytes_max`, or a file over `attachments.bytes_max`.",
    ),
    "range-not-satisfiable": ProblemKind(
        status=416,
        title="No byte is in that range",
        meaning="`Content-Range` tells the size of the file.",
    ),
    "attachment-refused": ProblemKind(
        status=422,
        title="The file is not taken",
        meaning="Its type is not in `attachments.types`, it would unpack to too much, or a scanner "
        "found something in it; `detail` says which.",
    ),
    "unprocessable": ProblemKind(
        status=422,
        title="The request says something that is not allowed",
        meaning="`errors` lists every mistake with its place.",
    ),
    "configuration": ProblemKind(
        status=422,
        title="The configuration file cannot be used",
        meaning="The node goes on with the configuration it had; `detail` lists the mistakes.",
    ),
    "too-many-requests": ProblemKind(
        status=429,
        title="Too many wrong tokens",
        meaning="This source is not heard until the seconds of `Retry-After` have passed.",
    ),
    "headers-too-large": ProblemKind(
        status=431,
        title="The header fields are too large",
        meaning="Send fewer or shorter header fields.",
    ),
    "internal": ProblemKind(
        status=500,
        title="Something went wrong on our side",
        meaning="The log holds the cause under the id of the header `X-Request-Id`.",
    ),
    "limit": ProblemKind(
        status=503,
        title="A limit is reached",
        meaning="`detail` names the limit, the value and what is allowed. Try again later.",
    ),
    "unavailable": ProblemKind(
        status=503,
        title="A part that is needed does not answer",
        meaning="Try again later; `/readyz` says what is wrong.",
    ),
    "http": ProblemKind(
        status=0,
        title="HTTP error",
        meaning="The status code says all there is to say.",
    ),
}

_BY_STATUS: Final = {
    kind.status: name
    for name, kind in PROBLEMS.items()
    if name
    not in {"not-known", "attachment-shut", "attachment-refused", "configuration", "limit", "http"}
}


class ParameterMistake(BaseModel):
    """One mistake in a request.

    Attributes:
        where: Path to the value, such as "body.state" or "query.limit".
        what: What is wrong with it.
    """

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="Path to the value.", examples=["query.limit"])
    what: str = Field(
        description="What is wrong with it.",
        examples=["Input should be less than or equal to 200"],
    )


class Problem(BaseModel):
    """Why a request was not served (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(
        description="Kind of problem; the path answers with an explanation.",
        examples=["/api/v1/problems/not-known"],
    )
    title: str = Field(
        description="The kind in words, always the same.", examples=["No such thing"]
    )
    status: int = Field(description="HTTP status code.", examples=[404])
    detail: str = Field(description="This occurrence in words.", examples=["no agent 'carol'"])
    instance: str = Field(
        description="Path of the request, without its query.", examples=["/api/v1/agents/carol"]
    )
    errors: list[ParameterMistake] | None = Field(
        default=None, description="Every mistake of the request, with status 422 only."
    )
    first_sequence: int | None = Field(
        default=None,
        description="The oldest event still stored, with status 410 only.",
        examples=[1204],
    )


class ProblemFound(Exception):
    """A request cannot be served; the API answers with the problem.

    Internal to the API: the tree of `domain.errors` knows no HTTP.
    """

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        """Name the kind of problem and say what is the matter.

        Args:
            name: A key of `PROBLEMS`.
            detail: This occurrence in words; without personal data.
            headers: Header fields of the answer.
            more: Extension members of the problem (RFC 9457 section 3.2).
        """
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def problem_response(
    name: str,
    detail: str,
    instance: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """Return the answer that tells a problem.

    Args:
        name: A key of `PROBLEMS`.
        detail: This occurrence in words; without personal data.
        instance: Path of the request.
        status: Instead of the kind's own, for the kind "http".
        headers: Header fields to add.
        more: Extension members (RFC 9457 section 3.2).
    """
    kind = PROBLEMS[name]
    code = status or kind.status
    title = HTTPStatus(code).phrase if name == "http" else kind.title
    body: dict[str, Any] = {
        "type": PROBLEM_PATH + name,
        "title": title,
        "status": code,
        "detail": detail,
        "instance": instance,
        **(more or {}),
    }
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=code,
        headers=dict(headers or {}),
        media_type=PROBLEM_MEDIA_TYPE,
    )


def name_of_status(status: int) -> str:
    """Return the kind of problem that stands for a bare HTTP status code."""
    return _BY_STATUS.get(status, "http")


_MISTAKEN_CALLS: Final = frozenset({"number", "no_number", "several_numbers"})


def name_of_error(error: WarmlineError) -> str:
    """Return the kind of problem that an error of the domain is to a client."""
    if isinstance(error, CallRefused):
        # What is wrong with the request is told from what stands in its way just now.
        return "unprocessable" if error.reason in _MISTAKEN_CALLS else "conflict"
    for kind, name in (
        (NotKnown, "not-known"),
        (IllegalTransition, "conflict"),
        (NobodyServes, "conflict"),
        (NotServing, "conflict"),
        (StillDangerous, "conflict"),
        (AttachmentRefused, "attachment-refused"),
        (CellGone, "conflict"),
        (EventsGone, "events-gone"),
        (LimitExceeded, "limit"),
        (NoCellFree, "limit"),
        (StoreError, "unavailable"),
        (ConfigurationError, "configuration"),
    ):
        if isinstance(error, kind):
            return name
    return "internal"
