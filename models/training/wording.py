"""Wording: what a card says in words, and what is known of each corpus's licence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.card import Corpus
from models.emotion import LABELS
from models.training.corpora import CORPORA, Clip

LANGUAGES: Final = {
    "emodb": "German", "ravdess": "English", "casia": "Mandarin", "nemo": "Polish",
    "ased": "Amharic", "baved": "Arabic", "turev": "Turkish",
}  # fmt: skip
LICENCES: Final = {
    "emodb": (
        "CC0 1.0, as audEERING states it who publish the corpus with its first author "
        "(repository audeering/emodb, README.md and 1.1.0/create.py, read on 2026-11-26); the "
        "authors' own page was not seen to name a licence"
    ),
    "ravdess": "CC BY-NC-SA 4.0",
    "casia": "research only",
    "nemo": "CC BY-NC-SA 4.0",
    "ased": "none stated",
    "baved": "none stated",
    "turev": "CC BY-NC-ND and GPL, contradictory",
}
_NOT_FOR: Final = (
    "the voice of an agent or any other person at work: Regulation (EU) 2024/1689, article 5(1)(f)",
    "decisions about a person: credit, insurance, employment, medical or legal ones",
    "finding lies, illness or intent",
    "worse service for anyone, or any use without the caller's knowledge and consent",
)
_LIMITS: Final = (
    "Acted speech of few speakers in a simulated telephone channel; no real call was heard.",
    "Languages that are not in the data, children and old voices were never tried.",
    "Ranks better than it calibrates: a threshold has to be set on the operator's own calls.",
)


@dataclass(frozen=True, slots=True)
class Words:
    """What a card of one set says."""

    labels: Sequence[str]
    business_use: bool
    licence: str
    intended_use: Sequence[str]
    not_for: Sequence[str]
    limits: Sequence[str]


WORDS: Final = {
    "prosody-open": Words(
        labels=("anger", "arousal"),
        business_use=True,
        licence="The weights are under the project's licence, GPL-3.0-or-later.",
        intended_use=(
            "a score of anger and one of arousal for a customer who has agreed, so that a "
            "supervisor or a more fitting agent can help him sooner",
        ),
        not_for=_NOT_FOR,
        limits=(
            *_LIMITS,
            "Eight speakers of one language: it claims anger and arousal, and no other emotion.",
            "Arousal is a coarse value that the project gave each label; nobody rated the "
            "recordings.",
            "Its recordings were levelled one by one. That anger is louder was therefore put in "
            "by hand: 0.05 natural logits a dB over -26 dBov, 0.1 over the caller's baseline.",
        ),
    ),
    "prosody-research": Words(
        labels=(*LABELS, "arousal", "valence"),
        business_use=False,
        licence="Most of its data forbids commercial use or states no licence: for research.",
        intended_use=("research, and comparison with prosody-open",),
        not_for=(*_NOT_FOR, "any commercial use"),
        limits=(
            *_LIMITS,
            "In a language that was left out of the training it names three to five emotions in "
            "ten rightly, and is far too sure of them: see the figures with a corpus left out.",
            "Arousal and valence are coarse values that the project gave each label; nobody rated "
            "the recordings.",
            "It holds the functionals of 1,000 training clips over a telephone line, as landmarks.",
        ),
    ),
}


def corpora_of(clips: Sequence[Clip]) -> list[Corpus]:
    """Return what a card says of the corpora that clips come from."""
    return [
        Corpus(
            name=name,
            language=LANGUAGES[name],
            clips=sum(clip.corpus == name for clip in clips),
            speakers=len({clip.speaker for clip in clips if clip.corpus == name}),
            licence=LICENCES[name],
        )
        for name in CORPORA
        if any(clip.corpus == name for clip in clips)
    ]
