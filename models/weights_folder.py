"""Where weights lie, and whether a set of them is whole; without what it takes to run them."""

import hashlib
from pathlib import Path
from typing import Final

from domain.errors import ModelError
from models.card import Card

WEIGHTS: Final = Path(__file__).parent / "weights"


def checked_card(folder: Path, name: str) -> Card:
    """Return the card of a set of weights that are those it tells of.

    Raises:
        ModelError: The card or the weights are missing, or they do not belong together.
    """
    card = Card.read(folder / f"{name}.json")
    weights = folder / f"{name}.onnx"
    try:
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(f"{weights.name} cannot be read: {error.strerror}") from error
    if found != card.weights_sha256:
        raise ModelError(
            f"{weights.name} has SHA-256 {found}, and its card says {card.weights_sha256}"
        )
    return card
