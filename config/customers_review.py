"""Whether the other system that the section `customers` names may be asked, and by what key."""

from typing import Final

from config import webhook_review
from config.customers import Lookup
from config.document import Keys
from config.document import Mapping as MappingBranch
from config.review import Review

_LOOKUP: Final[Keys] = ("customers", "lookup")
TIMEOUT_S_ODD: Final = 2.0
"""A caller hears the greeting for some seconds; what comes later seldom decides anything."""


def check(review: Review) -> None:
    """Run every check of this file."""
    if not isinstance(review.document.at(_LOOKUP), MappingBranch):
        return
    webhook_review.safe_url(review, _LOOKUP)
    if webhook_review.signing_secret(review, _LOOKUP) is not None:
        _own_secret(review)
    timeout_s = review.number(Lookup.model_fields["timeout_s"].default, *_LOOKUP, "timeout_s")
    if timeout_s is not None and timeout_s > TIMEOUT_S_ODD:
        review.warn(
            (*_LOOKUP, "timeout_s"),
            f"{timeout_s:g} seconds",
            f"at most {TIMEOUT_S_ODD:g}",
            "no contact waits for it, but an agent is mostly chosen before it comes",
        )


def _own_secret(review: Review) -> None:
    """Warn of a key that a webhook's receiver has: he could sign questions of ours."""
    own = [(review.text(*_LOOKUP, "secret", name), name) for name in ("env", "file")]
    for item in review.items("webhooks"):
        for place, name in own:
            if place is not None and review.text(*item, "secret", name) == place:
                review.warn(
                    (*_LOOKUP, "secret"),
                    "the secret of a webhook",
                    "one of its own",
                    f"that of line {review.line((*item, 'secret'))}",
                )
