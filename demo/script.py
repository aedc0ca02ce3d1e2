"""Who calls, what is said, and how each call shall end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

SPEECH_FOLDER: Final = Path(__file__).parent / "speech"

Ending = Literal["caller_ended", "agent_ended", "abandoned"]


class CannotBePlayed(Exception):
    """A folder or file is no call. The message names it, what was found and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """One caller.

    Attributes:
        number: What the carrier shows as the caller's number.
        dialled: The queue's number.
        after_s: Seconds after the first call.
        lines: What is said in turn after the agent's answer, the agent first; see
            `recording`.
        ending: Who hangs up; "abandoned": the caller, while waiting.
        patience_s: Of a caller who abandons, seconds from joining the queue.
        grows_angry: Whether an alert must rise, or none may.
        foreign: The customer's recording is the operator's: what is heard in it is shown and
            not judged.
    """

    name: str
    number: str
    dialled: str
    after_s: float
    lines: tuple[str, ...]
    ending: Ending
    patience_s: float = 0.0
    grows_angry: bool = False
    foreign: bool = False


def recording(line: str) -> Path:
    """Return where a line lies: of SPEECH_FOLDER by its name, elsewhere by its whole path."""
    return SPEECH_FOLDER / f"{line}.wav"


def seconds_of(line: str) -> float:
    """Return how long it takes to play a line: 16 bit at 8 kHz."""
    return recording(line).stat().st_size / 16_000


def _english(concern: str) -> tuple[str, ...]:
    return ("en-agent-hello", concern, "en-agent-answer", "en-customer-thanks")


CHINESE: Final = ("zh-agent-hello", "zh-customer-order", "zh-agent-answer", "zh-customer-thanks")


def _angry(language: str, concern: str) -> tuple[str, ...]:
    """Return a call whose customer begins calmly, gets loud and in the end shouts."""
    spoken = ("agent-hello", f"customer-{concern}", "agent-later", "customer-again",
              "agent-sorry", "customer-enough", "agent-manager", "customer-promise")  # fmt: skip
    return tuple(f"{language}-{line}" for line in spoken)


CALLS: Final = (
    PlannedCall(
        name="outage",
        number="+14155550101",
        dialled="800",
        after_s=0.0,
        lines=_angry("en", "outage"),
        ending="caller_ended",
        grows_angry=True,
    ),
    PlannedCall(
        name="parcel",
        number="+861055550102",
        dialled="801",
        after_s=0.5,
        lines=_angry("zh", "parcel"),
        ending="caller_ended",
        grows_angry=True,
    ),
    PlannedCall(
        name="order",
        number="+861055550103",
        dialled="801",
        after_s=1.5,
        lines=CHINESE,
        ending="agent_ended",
    ),
    PlannedCall(
        name="bill",
        number="+14155550104",
        dialled="800",
        after_s=2.5,
        lines=_english("en-customer-bill"),
        ending="caller_ended",
    ),
    PlannedCall(
        name="router",
        number="+14155550105",
        dialled="800",
        after_s=3.0,
        lines=_english("en-customer-router"),
        ending="caller_ended",
    ),
    PlannedCall(
        name="impatient",
        number="+14155550106",
        dialled="800",
        after_s=3.5,
        lines=(),
        ending="abandoned",
        patience_s=2.5,
    ),
    PlannedCall(
        name="moving",
        number="+14155550107",
        dialled="800",
        after_s=4.0,
        lines=_english("en-customer-moving"),
        ending="agent_ended",
    ),
    PlannedCall(
        name="second-order",
        number="+861055550108",
        dialled="801",
        after_s=4.5,
        lines=CHINESE,
        ending="caller_ended",
    ),
)
"""The long calls first, so that all is over soon; two more before anybody loses his patience."""

ANGER_RULE: Final = "angry"
"""The alert rule that must rise for those who grow angry: one of `emotion.rules`' defaults."""

JOURNEY_CALL: Final = PlannedCall(
    name="cut-off",
    number="+14155550109",
    dialled="802",
    after_s=0.0,
    lines=_english("en-customer-bill"),
    ending="caller_ended",
)
"""Of the customer who also writes; it begins when his chat was cut off."""

AGENTS: Final = {"anna": "21", "chen": "22", "dora": "23", "emma": "24"}
"""Agents of config/examples/demo.yaml, with their extensions."""

WRITER: Final = "emma"
"""Serves whoever writes, at a desk, and his call."""

SLEEPER: Final = "dora"
"""The first who is free for a calm caller, and does not answer him: somebody must be rung again."""

ANSWER_AFTER_S: Final = 1.0
"""How long an agent lets it ring."""
