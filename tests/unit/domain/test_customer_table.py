import tracemalloc
from itertools import repeat

import pytest

from domain.customer import CustomerChange
from domain.customer_table import TableMistake, lines_of, read_csv, read_json_lines


def csv(text: str | bytes):
    data = text.encode() if isinstance(text, str) else text
    return list(read_csv(lines_of([data])))


def numbers(rows):
    return [what.number for _, what in rows if isinstance(what, CustomerChange)]


def only(rows) -> TableMistake:
    (mistake,) = [what for _, what in rows if isinstance(what, TableMistake)]
    return mistake


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_with_and_without_a_mark(bom, end):
    rows = csv(bom + end.join(["number,name", "C-1,Ana", "", 'C-2,"Müller, Bert"']))
    assert numbers(rows) == ["C-1", "C-2"]
    assert [at for at, _ in rows] == [2, 4]
    assert rows[1][1].fields["name"] == "Müller, Bert"


def test_semicolons_part_columns_as_office_programs_write_them():
    rows = csv("number;phones;value\nC-1;+49301 | +49302;3\n")
    change = rows[0][1]
    assert isinstance(change, CustomerChange)
    assert [len(one) for one in change.identifiers.values()] == [2]


@pytest.mark.parametrize(
    ("text", "line", "column", "value"),
    [
        ("number,vlaue\nC-1,3\n", 1, "vlaue", "vlaue"),
        ("name\nAna\n", 1, "number", "no such column"),
        ("number,number\n1,1\n", 1, "number", "number a second time"),
        ("", 1, "number", "no such column"),
        ("number,value\nC-1,3\nC-2,7\n", 3, "value", "7"),
        ("number,value\n,3\n", 2, "number", ""),
        ("number,value\nC-1\n", 2, "", "1 cells"),
        ('number,name\nC-1,"Ana\n', 2, "", "unexpected end of data"),
        ('number,name\nC-1,"A\nna"\nC-2,x\n', 2, "name", "A\nna"),
    ],
)
def test_a_mistake_names_line_column_and_value(text, line, column, value):
    mistake = only(csv(text))
    assert (mistake.line, mistake.column, mistake.value) == (line, column, value)
    assert f"line {line}" in str(mistake)
    assert mistake.allowed


def test_what_is_no_utf8_is_a_mistake_of_its_row():
    rows = csv(b"number,name\nC-1,Ana\n" + "C-2,Müller\n".encode("latin-1"))
    assert numbers(rows) == ["C-1"]
    assert (only(rows).line, only(rows).column) == (3, "name")


def test_a_line_without_end_costs_no_memory():
    tracemalloc.start()
    rows = list(read_csv(lines_of([b"number,name\nC-1,", *repeat(b"x" * 10_000, 3_000)])))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert only(rows).line == 2
    assert peak < 3_000_000


def test_an_open_quote_costs_no_memory():
    tracemalloc.start()
    rows = list(read_csv(lines_of([b'number,name\nC-1,"', *repeat(b"x" * 1_000 + b"\n", 30_000)])))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "field" in only(rows).value
    assert peak < 3_000_000


def test_lines_are_the_same_however_they_are_cut():
    data = "number,name\nC-1,Müller\nC-2,王\n".encode()
    whole = list(lines_of([data]))
    assert list(lines_of([bytes([byte]) for byte in data])) == whole
    assert list(lines_of([])) == []


def test_json_lines():
    text = '\ufeff{"number":"C-1","value":4,"phones":["+49301"]}\n\n{"number":"C-2"}\n'
    assert numbers(read_json_lines(lines_of([text.encode()]))) == ["C-1", "C-2"]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("[1]", ""),
        ("{", ""),
        ("[" * 60_000, ""),
        ('{"number":"1","vlaue":3}', "vlaue"),
        ('{"number":"1","value":9}', "value"),
        ('{"value":1}', "number"),
        ('{"number":"' + "x" * 70_000 + '"}', ""),
    ],
)
def test_json_that_cannot_be_used(line, column):
    rows = list(read_json_lines(lines_of([b'{"number":"0"}\n', line.encode()])))
    assert numbers(rows) == ["0"]
    assert (only(rows).line, only(rows).column) == (2, column)
