import pytest

from config.reference import documents, tables


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_the_documents_are_up_to_date(path):
    text = path.read_text(encoding="utf-8")
    assert text == documents()[path], "run: python -m config.reference"


def test_every_section_has_a_table():
    paths = [table.path for table in tables()]
    assert {"", "sip.listen[]", "trunks[].digest", "queues[].prompts", "http"} <= set(paths)
    assert len(paths) == len(set(paths))
