"""Arrivals as a table says, so that anyone can bring his own day.

Its columns: `arrival_s, channel, queue, language, value, topic, customer, patience_s`.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from math import isfinite
from typing import Any, Final

from domain.contact import Channel
from domain.customer_profile import VALUE_MAX, VALUE_MIN
from domain.errors import SimulationError
from router.simulation.arrivals import Arrival, pick
from router.simulation.centre import DAY_S, Centre
from router.simulation.draws import key_of, uniform, weibull

COLUMNS: Final = (
    "arrival_s",
    "channel",
    "queue",
    "language",
    "value",
    "topic",
    "customer",
    "patience_s",
)
ROWS_MAX: Final = 5_000_000
SECONDS_MAX: Final = 366 * DAY_S
PATIENCE_S_MAX: Final = 10 * DAY_S
NAME_CHARACTERS_MAX: Final = 63
_IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_PATIENCE: Final = 1
_TOPIC: Final = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; what was left empty is None.

    Attributes:
        place: File and line, for messages.
        arrival_s: Seconds since the midnight before the first day.
    """

    place: str
    arrival_s: float
    channel: Channel
    queue: str
    language: str | None
    value: int | None
    topic: str | None
    customer: str | None
    patience_s: float | None


def read_rows(text: str, file: str) -> list[Row]:
    """Read a table, in any order of time.

    The columns of COLUMNS may stand in any order; `arrival_s`, `channel` and `queue` must be
    filled in each row, others may be empty.

    Args:
        text: The whole file.
        file: Its name, for messages.

    Raises:
        SimulationError: A value cannot be used: names file, line, column, value and limit.
    """
    table = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(table, [])]
        _check_header(header, file)
        for fields in table:
            if not fields:
                continue
            place = f"{file}:{table.line_num}"
            if len(fields) != len(header):
                raise SimulationError(
                    f"{place}: found {len(fields)} values; allowed: {len(header)}, as in the header"
                )
            if len(rows) == ROWS_MAX:
                raise SimulationError(f"{place}: found another row; allowed: {ROWS_MAX}")
            rows.append(_row(dict(zip(header, map(str.strip, fields), strict=True)), place))
    except csv.Error as error:
        raise SimulationError(f"{file}:{table.line_num}: is no CSV: {error}") from error
    if not rows:
        raise SimulationError(f"{file}: found no rows; allowed: 1 to {ROWS_MAX}")
    return rows


def with_arrivals(
    rows: Sequence[Row], centre: Centre, languages: Mapping[str, str] | None = None
) -> list[Arrival]:
    """Return the contacts of a table in order of time; what it leaves open is drawn.

    Args:
        rows: The table.
        centre: Who serves them.
        languages: By queue, where a row names none; None: they are those of the customers.

    Raises:
        SimulationError: A queue is not there, or nobody can serve a row.
    """
    checked: set[tuple[str, Channel, str]] = set()
    found = []
    for number, row in enumerate(rows):
        if row.queue not in centre.queues:
            known = ", ".join(centre.queues)
            raise SimulationError(
                f"{row.place}: queue: found {row.queue!r}; allowed: one of {known}"
            )
        spoken = row.language
        if spoken is None and languages is not None:
            spoken = languages[row.queue]
        for language in [spoken] if spoken else centre.workload.customers.languages:
            kind = (row.queue, row.channel, language)
            if kind not in checked:
                checked.add(kind)
                try:
                    centre.check_served(*kind)
                except SimulationError as error:
                    raise SimulationError(f"{row.place}: {error}") from error
        key = key_of(centre.seed, 0, number)
        way = centre.workload.channel(row.channel.value)
        topic = row.topic
        if topic is None:
            topics = centre.loads[row.queue].topics
            shares = {name: entry.share for name, entry in topics.items()}
            topic = pick(shares, uniform(key, _TOPIC))
        patience_s = row.patience_s
        if patience_s is None:
            patience_s = weibull(key, _PATIENCE, way.patience_s, way.patience_shape)
        found.append(
            Arrival(
                contact_id=f"r{number}",
                at_s=row.arrival_s,
                channel=row.channel,
                queue_id=row.queue,
                customer_id=f"r{number}" if row.customer is None else f"={row.customer}",
                patience_s=patience_s,
                key=key,
                topic=topic,
                language=spoken,
                value=row.value,
            )
        )
    found.sort(key=lambda arrival: arrival.at_s)
    return found


def _check_header(header: Sequence[str], file: str) -> None:
    wanted = ", ".join(COLUMNS)
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise SimulationError(f"{file}:1: found column {name!r}; allowed: each once: {wanted}")
    for name in COLUMNS:
        if name not in header:
            raise SimulationError(f"{file}:1: found no column {name!r}; allowed: {wanted}")


def _row(fields: dict[str, str], place: str) -> Row:
    def read(column: str, judge: Callable[[str], Any], rule: str, *, must: bool = False) -> Any:
        text = fields[column]
        if not text and not must:
            return None
        try:
            return judge(text)
        except ValueError:
            raise SimulationError(f"{place}: {column}: found {text!r}; allowed: {rule}") from None

    channels = ", ".join(channel.value for channel in Channel)
    name = f"1 to {NAME_CHARACTERS_MAX} characters"
    return Row(
        place=place,
        arrival_s=read(
            "arrival_s", _number(0, SECONDS_MAX), f"seconds from 0 to {SECONDS_MAX:g}", must=True
        ),
        channel=read("channel", Channel, f"one of {channels}", must=True),
        queue=read("queue", _name, name, must=True),
        language=read("language", _name, name),
        value=read("value", _whole(VALUE_MIN, VALUE_MAX), f"{VALUE_MIN} to {VALUE_MAX}"),
        topic=read("topic", _identifier, "a name of a-z, 0-9, - and _"),
        customer=read("customer", _name, name),
        patience_s=read(
            "patience_s", _number(0, PATIENCE_S_MAX), f"seconds from 0 to {PATIENCE_S_MAX:g}"
        ),
    )


def _name(text: str) -> str:
    if not 1 <= len(text) <= NAME_CHARACTERS_MAX:
        raise ValueError
    return text


def _identifier(text: str) -> str:
    if _IDENTIFIER.fullmatch(text) is None:
        raise ValueError
    return text


def _number(low: float, high: float) -> Callable[[str], float]:
    def judge(text: str) -> float:
        value = float(text)
        if not isfinite(value) or not low <= value <= high:
            raise ValueError
        return value

    return judge


def _whole(low: int, high: int) -> Callable[[str], int]:
    def judge(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return judge
