"""Card: what a set of weights is, was made of, can do and must not be used for.

A card is a JSON file beside the weights, and the page that people read is made from it.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import ModelError


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that weights were trained on.

    Attributes:
        licence: Of the recordings, and how far it was verified.
    """

    name: str
    language: str
    clips: int
    speakers: int
    licence: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        corpus: On whose speakers.
        what: Such as "anger AUC" or "UA %".
        condition: How the speech came and what was known, such as "plain line".
        value: The figure.
        low: Lower end of its interval of 95 %, over speakers drawn anew.
        high: Upper end.
    """

    corpus: str
    what: str
    condition: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """One row of a reliability diagram: what was said, how often it was so, of how many."""

    said: float
    so: float
    windows: int


@dataclass(frozen=True, slots=True)
class Card:
    """A set of weights, in words and figures.

    Attributes:
        version: Counts up with every training that is committed.
        claims_labels: Whether the probabilities of labels and the valence mean anything.
        labels: What the set scores: labels, or "anger" and "arousal".
        business_use: Whether the data's licences allow a business to use it.
        features_version: Of the features it was trained on.
        functionals: Their names, in the order the network takes them.
        weights_sha256: Of the ONNX file.
        command: What rebuilds it.
        reliability: By corpus, on speakers that were not trained on.
    """

    name: str
    version: int
    made: str
    claims_labels: bool
    labels: Sequence[str]
    business_use: bool
    licence: str
    features_version: int
    functionals: Sequence[str]
    weights_sha256: str
    command: str
    corpora: Sequence[Corpus]
    figures: Sequence[Figure]
    reliability: Mapping[str, Sequence[Bin]]
    intended_use: Sequence[str]
    not_for: Sequence[str]
    limits: Sequence[str]

    @property
    def at(self) -> str:
        """Return name and version as events carry them: "prosody-open@1"."""
        return f"{self.name}@{self.version}"

    @classmethod
    def read(cls, path: Path) -> "Card":
        """Return the card in a file.

        Raises:
            ModelError: There is no such file, or it is not a card.
        """
        try:
            fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            fields["corpora"] = [Corpus(**each) for each in fields["corpora"]]
            fields["figures"] = [Figure(**each) for each in fields["figures"]]
            fields["reliability"] = {
                corpus: [Bin(**each) for each in bins]
                for corpus, bins in fields["reliability"].items()
            }
            return cls(**fields)
        except OSError as error:
            raise ModelError(f"card {path.name} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ModelError(f"{path.name} is not a card: {error}") from error

    def as_json(self) -> str:
        """Return the text of the card's file."""
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False) + "\n"

    def as_page(self) -> str:
        """Return the card as Markdown."""
        use = "may" if self.business_use else "must not"
        lines = [
            f"# {self.at}",
            "",
            f"Made {self.made} by `{self.command}`; SHA-256 `{self.weights_sha256}`. "
            f"A business {use} use it. {self.licence}",
            "",
            f"Scores: {', '.join(self.labels)}. Takes {len(self.functionals)} functionals of "
            f"features version {self.features_version}.",
        ]
        for title, words in (
            ("Intended use", self.intended_use),
            ("Must not be used for", self.not_for),
            ("Limits", self.limits),
        ):
            lines += ["", f"## {title}", "", *(f"- {each}" for each in words)]
        lines += [
            "", "## Data", "",
            "| corpus | language | clips | speakers | licence |", "| --- | --- | --- | --- | --- |",
            *(
                f"| {c.name} | {c.language} | {c.clips:,} | {c.speakers} | {c.licence} |"
                for c in self.corpora
            ),
            "", "## Figures", "",
            "Speakers apart, telephone channel simulated; 95 % intervals over speakers drawn anew. "
            "A clip is one window: silence before and after it cut, and of what is left the middle "
            "3 s.",
            "",
            "| corpus | what | condition | figure | interval |", "| --- | --- | --- | --- | --- |",
            *(
                f"| {f.corpus} | {f.what} | {f.condition} | {f.value:.3g} | "
                f"{f.low:.3g} to {f.high:.3g} |"
                for f in self.figures
            ),
            "", "## Reliability", "",
            "What the model said (mean confidence), how often it was so, and of how many windows.",
            "",
            "| corpus | said, so, windows |", "| --- | --- |",
            *(
                f"| {corpus} | "
                + "; ".join(f"{b.said:.2f} {b.so:.2f} {b.windows}" for b in bins)
                + " |"
                for corpus, bins in self.reliability.items()
            ),
            "",
        ]  # fmt: skip
        return "\n".join(lines)
