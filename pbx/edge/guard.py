"""What a fault of our own may cost: one message, one timer or one call, and nothing else."""

import logging
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

from domain.errors import SipError
from pbx.edge.post import Post

_log = logging.getLogger(__name__)

FAULTS_LOGGED_MAX: Final = 20
"""A stranger who finds a fault of ours must not fill the disk with it."""


class Guard:
    """Ends what goes wrong within its `with`, and counts it."""

    def __init__(self, post: Post) -> None:
        """Count there."""
        self._post = post

    def __enter__(self) -> None:
        """Nothing is needed: one guard serves every `with`, nested ones too."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> bool:
        """Return whether the exception ends here."""
        if error is None:
            return False
        if isinstance(error, SipError):
            self._post.count("malformed")
            return True
        if not isinstance(error, Exception):
            return False
        self._post.count("faults")
        if self._post.counts["faults"] <= FAULTS_LOGGED_MAX:
            # The text of the exception may be a stranger's, so only its place is told.
            place = traceback.extract_tb(frames)[-1]
            _log.error(
                "sip message dropped by a fault of the edge",
                extra={
                    "fault": type(error).__name__,
                    "place": f"{Path(place.filename).name}:{place.lineno}",
                },
            )
        return True
