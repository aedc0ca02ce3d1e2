"""Tables of customers, read row by row: CSV and JSON lines.

Memory is bounded whatever the size of the table, and every mistake names its line and column.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from domain.customer import CustomerChange
from domain.customer_form import FIELDS, read_change
from domain.errors import CustomerMistake

LINE_CHARACTERS_MAX: Final = 65_536
"""Of one line: a customer with everything at its limit has half of that."""
_BOM: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class TableMistake:
    """What is wrong in a table.

    Attributes:
        line: 1 is the first.
        column: Name of the field; "" for the whole line.
        value: What stands there, shortened; the operator's own file says who is meant.
        allowed: What may stand there.
    """

    line: int
    column: str
    value: str
    allowed: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: found {self.value!r}; allowed: {self.allowed}"


Row = tuple[int, CustomerChange | TableMistake]
"""Number of the line, and what stands there."""


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of UTF-8 text with their ends, of a file or of a body cut anywhere.

    A line that is too long is cut, which makes it a mistake of its row; bytes that are no
    UTF-8 come as U+FFFD, which the reader of the row refuses.
    """
    rest = b""
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line[: LINE_CHARACTERS_MAX + 1].decode("utf-8", "replace") + "\n"
        if len(rest) > LINE_CHARACTERS_MAX:
            rest = rest[: LINE_CHARACTERS_MAX + 1]
    if rest:
        yield rest.decode("utf-8", "replace")


def read_csv(lines: Iterable[str]) -> Iterator[Row]:
    """Yield a change or a mistake for each row; nothing but one mistake for a useless header.

    Args:
        lines: With or without a byte order mark; parted by commas, or by semicolons where the
            header is, in which case lists are parted by `|`.
    """
    stream = iter(lines)
    first = next(stream, "").removeprefix(_BOM)
    separator = ";" if first.count(";") > first.count(",") else ","
    current = 0

    def counted() -> Iterator[str]:
        nonlocal current
        for line in chain((first,), stream):
            current += 1
            yield line

    # A quote that is never closed would take the rest of the file for one field.
    rows = csv.reader(counted(), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        yield 1, TableMistake(1, "", str(error), "a header in CSV")
        return
    mistake = _header_mistake(header)
    if mistake is not None:
        yield 1, mistake
        return
    while True:
        at = current + 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield at, TableMistake(at, "", str(error), "a row in CSV")
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield at, _row(at, header, cells, separator)


def _header_mistake(header: list[str]) -> TableMistake | None:
    known = ", ".join(FIELDS)
    unknown = next((name for name in header if name not in FIELDS), None)
    if unknown is not None:
        return TableMistake(1, unknown[:40], unknown[:40], f"a column of {known}")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        return TableMistake(1, twice, f"{twice} a second time", "each column once")
    if "number" not in header:
        return TableMistake(1, "number", "no such column", f"number, and any of {known}")
    return None


def _row(
    at: int, header: list[str], cells: list[str], separator: str
) -> CustomerChange | TableMistake:
    if len(cells) != len(header):
        return TableMistake(at, "", f"{len(cells)} cells", f"{len(header)}, as in the header")
    told: dict[str, object] = dict(zip(header, cells, strict=True))
    if any("\ufffd" in cell for cell in cells):
        column = next(name for name, cell in told.items() if "\ufffd" in str(cell))
        return TableMistake(at, column, "bytes that are no UTF-8", "text in UTF-8")
    if sum(map(len, cells)) > LINE_CHARACTERS_MAX:
        return TableMistake(at, "", "a longer line", f"at most {LINE_CHARACTERS_MAX} characters")
    if separator == ";":
        for name in ("phones", "mails", "app_ids", "purchases", "preferences"):
            if name in told:
                told[name] = str(told[name]).replace("|", ";")
    return _change(at, told)


def read_json_lines(lines: Iterable[str]) -> Iterator[Row]:
    """Yield a change or a mistake for each line that holds a JSON object; empty ones are left."""
    for at, line in enumerate(lines, start=1):
        text = line.removeprefix(_BOM) if at == 1 else line
        if not text.strip():
            continue
        if len(text) > LINE_CHARACTERS_MAX:
            allowed = f"at most {LINE_CHARACTERS_MAX} characters"
            yield at, TableMistake(at, "", "a longer line", allowed)
            continue
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            yield at, TableMistake(at, "", text.strip()[:40], "a JSON object")
            continue
        if not isinstance(told, dict):
            yield at, TableMistake(at, "", text.strip()[:40], "a JSON object")
            continue
        unknown = next((name for name in told if name not in FIELDS), None)
        if unknown is not None:
            yield at, TableMistake(at, unknown[:40], unknown[:40], f"a key of {', '.join(FIELDS)}")
            continue
        yield at, _change(at, told)


def _change(at: int, told: dict[str, object]) -> CustomerChange | TableMistake:
    try:
        return read_change(told)
    except CustomerMistake as mistake:
        return TableMistake(at, mistake.field, mistake.value, mistake.allowed)
