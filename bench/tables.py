"""Tables: rows of figures as aligned text."""

from collections.abc import Mapping, Sequence


def print_table(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows that have the same columns under a title; None is a dash."""
    names = list(rows[0])
    widths = [max(len(name), *(len(_show(row[name])) for row in rows)) for name in names]
    print(f"\n{title}")
    print("  ".join(name.rjust(width) for name, width in zip(names, widths, strict=True)))
    for row in rows:
        cells = (_show(row[name]).rjust(width) for name, width in zip(names, widths, strict=True))
        print("  ".join(cells))


def _show(value: object) -> str:
    return "-" if value is None else str(value)
