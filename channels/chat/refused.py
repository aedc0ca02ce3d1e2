"""A request that is not served, raised by a route and answered in one place."""

import math

from starlette.requests import Request
from starlette.responses import Response

from channels.http.problem import problem_response


class Refused(Exception):
    """A request of the chat is not served. Internal to the chat's routes."""

    def __init__(
        self, name: str, detail: str, *, status: int | None = None, wait_s: float = 0.0
    ) -> None:
        """Name the kind of problem.

        Args:
            name: A key of `channels.http.problem.PROBLEMS`.
            detail: This occurrence, without personal data.
            status: Of the kind "http".
            wait_s: When to come again; 0: that would not help.
        """
        super().__init__(detail)
        self.name = name
        self.detail = detail
        self.status = status
        self.wait_s = wait_s


async def answer(request: Request, error: Exception) -> Response:
    """Return the problem that a refusal is to a client."""
    assert isinstance(error, Refused)
    headers = {"Retry-After": str(math.ceil(error.wait_s))} if error.wait_s else {}
    if request.method == "POST":
        # What was not read of a body must not be taken for the next request.
        headers["Connection"] = "close"
    return problem_response(
        error.name, error.detail, request.url.path, status=error.status, headers=headers
    )
