"""A forecast of how long a contact still waits: not one number, but where it most likely lies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitForecast:
    """When an agent will answer, counted from now, if the customer stays.

    Attributes:
        p50_s: The median: half of such contacts are answered sooner. It is what a customer is told.
        p90_s: Nine of ten are answered sooner; not below `p50_s`.
        mean_s: The mean.
    """

    p50_s: float
    p90_s: float
    mean_s: float
