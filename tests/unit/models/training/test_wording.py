import pytest

pytest.importorskip("soundfile")

from models.training.corpora import CORPORA
from models.training.wording import LANGUAGES, LICENCES, WORDS


def test_every_corpus_has_its_licence_and_no_card_allows_staff() -> None:
    assert set(LANGUAGES) == set(LICENCES) == set(CORPORA)
    for words in WORDS.values():
        assert any("agent" in each for each in words.not_for)
