from io import StringIO

from rich.console import Console

from server.simulate.show import cell, table
from tests.unit.server.simulate.test_page import REPORT, entry


def test_a_cell_shows_mean_and_half_of_the_interval() -> None:
    assert cell({"asa_s": entry(12.34, 0.51)}, "asa_s", 1) == "12.3 ± 0.5"
    assert cell({"asa_s": entry(12.34, 0.0)}, "asa_s", 1) == "12.3"
    assert cell({}, "asa_s", 1) == ""


def test_the_table_has_a_column_for_each_policy() -> None:
    console = Console(width=120, record=True, file=StringIO())
    console.print(table(REPORT))
    text = console.export_text()
    assert "skills-greedy" in text
    assert "warmline" in text
    assert "15.0 ± 1.0" in text
