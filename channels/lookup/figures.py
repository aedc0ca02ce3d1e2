"""What the lookup of customers counts, for `/metrics`."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class LookupFigures:
    """Of another system that is asked, since the start.

    Attributes:
        asked: Contacts about which it was to be asked, by what came of it: "found", "unknown",
            "cached" within `cache_s`, "failed", "busy" with too many questions at once,
            "resting" while it is left alone.
        resting: Whether it is left alone now.
    """

    asked: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            ("found", "unknown", "cached", "failed", "busy", "resting"), 0
        )
    )
    resting: bool = False
