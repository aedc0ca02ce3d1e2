from pathlib import Path

import pytest

from domain.errors import ModelError
from models.card import Card
from models.weights_folder import WEIGHTS

CARDS = sorted(WEIGHTS.glob("*.json"))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_a_card_is_read_and_its_page_is_made_from_it(path: Path) -> None:
    card = Card.read(path)
    assert card.name == path.stem
    assert card.as_json() == path.read_text(encoding="utf-8")
    assert card.as_page() == path.with_suffix(".md").read_text(encoding="utf-8")


def test_the_open_set_may_be_used_and_claims_no_labels() -> None:
    card = Card.read(WEIGHTS / "prosody-open.json")
    assert card.business_use
    assert not card.claims_labels
    assert [corpus.name for corpus in card.corpora] == ["emodb"]


def test_what_is_no_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Card.read(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text('{"name": 1}')
    with pytest.raises(ModelError, match="not a card"):
        Card.read(tmp_path / "bad.json")
