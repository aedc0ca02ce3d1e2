"""What may be logged of an error that nobody has foreseen, while a mail was at hand."""

import traceback
from pathlib import Path


def fault(error: BaseException) -> dict[str, str]:
    """Return the kind of an error and where it was raised.

    Neither its words nor a whole traceback: both may hold what the mail says.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:]]
    return {"kind": type(error).__name__, "where": " ".join(places)}
