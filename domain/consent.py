"""Consent: what a customer allows, and what the law that applies makes of his silence.

Three purposes with an answer each, for the law asks for them apart: a recording is not an
analysis, and neither is an offer. Sources: GDPR articles 6, 7(3) and 21 (consent, its withdrawal,
the right to object); EU AI Act articles 5(1)(f) and 50(3) (never staff; who is exposed to emotion
recognition is told); PIPL articles 24 and 29 (an opt-out of automated decisions, separate consent
for sensitive data).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from domain.speech import Speaker


class Purpose(StrEnum):
    """What a customer is asked for."""

    RECORDING = "recording"
    """That what is said is kept as sound."""
    EMOTION = "emotion"
    """That his emotion is read from his voice and words."""
    OFFERS = "offers"
    """That what was learnt of him is used to offer him something."""


class Answer(StrEnum):
    """What he has said to it."""

    GRANTED = "granted"
    """He agrees."""
    REFUSED = "refused"
    """He does not, or no longer."""
    UNKNOWN = "unknown"
    """He has not been asked, or has said nothing."""


class EmotionPolicy(StrEnum):
    """What the operator's law makes of silence, for emotion."""

    NOTICE = "notice"
    """He is told and may object: emotion is read once he has been told, until he refuses."""
    OPT_IN = "opt_in"
    """Emotion is read only after he has agreed."""
    OFF = "off"
    """Emotion is never read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One customer's answers."""

    recording: Answer = Answer.UNKNOWN
    emotion: Answer = Answer.UNKNOWN
    offers: Answer = Answer.UNKNOWN

    def to(self, purpose: Purpose) -> Answer:
        """Return the answer to one purpose."""
        answer: Answer = getattr(self, purpose.value)
        return answer

    def answered(self, purpose: Purpose, answer: Answer) -> "Consent":
        """Return the answers with one given anew; the last word counts, and it may be taken back.

        Raises:
            ValueError: The answer is UNKNOWN: what was said cannot be unsaid.
        """
        if answer is Answer.UNKNOWN:
            raise ValueError(f"answer to {purpose}: {answer} is no answer")
        changes: dict[str, Answer] = {purpose.value: answer}
        return replace(self, **changes)


class Ground(StrEnum):
    """Why a window of speech may be judged, or may not."""

    AGREED = "agreed"
    """The customer has agreed."""
    TOLD = "told"
    """The customer was told and has not objected."""
    NOT_THE_CUSTOMER = "not_the_customer"
    """It is not the customer who speaks."""
    SWITCHED_OFF = "switched_off"
    """The operator's policy is to read nobody's emotion."""
    REFUSED = "refused"
    """The customer does not want it."""
    NOT_TOLD = "not_told"
    """The customer has not yet heard that it is done."""
    NOT_ASKED = "not_asked"
    """The customer has not agreed, and the policy asks for that."""


ALLOWING: Final = frozenset({Ground.AGREED, Ground.TOLD})

_GROUNDS: Final[Mapping[tuple[EmotionPolicy, Answer], Ground]] = {
    (EmotionPolicy.NOTICE, Answer.GRANTED): Ground.AGREED,
    (EmotionPolicy.NOTICE, Answer.REFUSED): Ground.REFUSED,
    (EmotionPolicy.NOTICE, Answer.UNKNOWN): Ground.TOLD,
    (EmotionPolicy.OPT_IN, Answer.GRANTED): Ground.AGREED,
    (EmotionPolicy.OPT_IN, Answer.REFUSED): Ground.REFUSED,
    (EmotionPolicy.OPT_IN, Answer.UNKNOWN): Ground.NOT_ASKED,
    (EmotionPolicy.OFF, Answer.GRANTED): Ground.SWITCHED_OFF,
    (EmotionPolicy.OFF, Answer.REFUSED): Ground.SWITCHED_OFF,
    (EmotionPolicy.OFF, Answer.UNKNOWN): Ground.SWITCHED_OFF,
}

WORDS: Final[Mapping[str, Mapping[Ground, str]]] = {
    "en": {
        Ground.AGREED: "Emotion is read: the customer has agreed.",
        Ground.TOLD: "Emotion is read: the customer was told and has not objected.",
        Ground.NOT_THE_CUSTOMER: "Emotion is not read: the law forbids it for agents.",
        Ground.SWITCHED_OFF: "Emotion is not read: it is switched off here.",
        Ground.REFUSED: "Emotion is not read: the customer does not want it.",
        Ground.NOT_TOLD: "Emotion is not read yet: the customer has not been told.",
        Ground.NOT_ASKED: "Emotion is not read: the customer has not agreed.",
    },
    "zh": {
        Ground.AGREED: "正在分析情绪：客户已同意。",
        Ground.TOLD: "正在分析情绪：已告知客户，客户未反对。",
        Ground.NOT_THE_CUSTOMER: "不分析情绪：法律禁止分析座席的情绪。",
        Ground.SWITCHED_OFF: "不分析情绪：此处已关闭该功能。",
        Ground.REFUSED: "不分析情绪：客户不愿意。",
        Ground.NOT_TOLD: "暂不分析情绪：尚未告知客户。",
        Ground.NOT_ASKED: "不分析情绪：客户尚未同意。",
    },
}
"""What the console says, by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether a window of speech may be judged, and why."""

    ground: Ground

    @property
    def allowed(self) -> bool:
        """Whether the window may be computed."""
        return self.ground in ALLOWING

    def words(self, language: str) -> str:
        """Return the sentence for the console, in English where the language is not known."""
        return WORDS.get(language, WORDS["en"])[self.ground]


def may_judge(
    policy: EmotionPolicy, consent: Consent, *, told: bool, speaker: Speaker
) -> Permission:
    """Say whether a window of speech may be judged for emotion.

    Args:
        policy: What the operator's law makes of silence.
        consent: The customer's answers.
        told: Whether he has heard the disclosure to its end.
        speaker: Whose voice the window holds.
    """
    if speaker is not Speaker.CUSTOMER:
        return Permission(ground=Ground.NOT_THE_CUSTOMER)
    ground = _GROUNDS[policy, consent.to(Purpose.EMOTION)]
    if ground is Ground.TOLD and not told:
        return Permission(ground=Ground.NOT_TOLD)
    return Permission(ground=ground)
