"""Who calls, what is said, and how each call shall end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

SPEECH_FOLDER: Final = Path(__file__).parent / "speech"

Ending = Literal["caller_ended", "agent_ended", "abandoned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One caller.

    Attributes:
        number: What the carrier shows as the caller's number.
        dialled: The queue's number.
        after_s: Seconds after the first call.
        lines: What is said in turn after the agent's answer, the agent first; names of
            recordings.
        ending: Who hangs up; "abandoned": the caller, while waiting.
        patience_s: Of a caller who abandons, seconds from joining the queue.
    """

    name: str
    number: str
    dialled: str
    after_s: float
    lines: tuple[str, ...]
    ending: Ending
    patience_s: float = 0.0


def _english(concern: str) -> tuple[str, ...]:
    return ("en-agent-hello", concern, "en-agent-answer", "en-customer-thanks")


CHINESE: Final = ("zh-agent-hello", "zh-customer-order", "zh-agent-answer", "zh-customer-thanks")

CALLS: Final = (
    PlannedCall(
        name="bill",
        number="+14155550101",
        dialled="800",
        after_s=0.0,
        lines=_english("en-customer-bill"),
        ending="caller_ended",
    ),
    PlannedCall(
        name="order",
        number="+861055550102",
        dialled="801",
        after_s=0.5,
        lines=CHINESE,
        ending="agent_ended",
    ),
    PlannedCall(
        name="router",
        number="+14155550103",
        dialled="800",
        after_s=1.0,
        lines=_english("en-customer-router"),
        ending="caller_ended",
    ),
    PlannedCall(
        name="impatient",
        number="+14155550104",
        dialled="800",
        after_s=1.5,
        lines=(),
        ending="abandoned",
        patience_s=2.5,
    ),
    PlannedCall(
        name="second-order",
        number="+861055550105",
        dialled="801",
        after_s=2.0,
        lines=CHINESE,
        ending="caller_ended",
    ),
    PlannedCall(
        name="moving",
        number="+14155550106",
        dialled="800",
        after_s=2.5,
        lines=_english("en-customer-moving"),
        ending="agent_ended",
    ),
)

AGENTS: Final = {"anna": "21", "chen": "22"}
"""Agents of config/examples/demo.yaml, with their extensions."""

SLEEPER: Final = "chen"
"""Does not answer his first call: ring no answer, and somebody must be rung again."""

ANSWER_AFTER_S: Final = 1.0
"""How long an agent lets it ring."""
