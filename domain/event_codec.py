"""Events as JSON, for the journal, the API and later the bus between nodes.

    {"v":1,"seq":42,"at":"2026-11-22T14:15:36.120000+00:00","type":"DisclosurePlayed",
     "event":{"contact_id":"..."}}

`v` is raised when a reader of the old form would misread the new one. A field that is
added to an event needs a default, so that older lines are still read, and a field that
this version does not know is passed over, so that a line of a newer version is too.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from domain.errors import EventCodecError
from domain.events import EVENT_TYPES, Envelope, Event

EVENT_CODEC_VERSION: Final = 1

Convert = Callable[[Any], Any]

_encoder: Final = msgspec.json.Encoder()


def encode(envelope: Envelope) -> str:
    """Return the event and its place in the stream as one line of JSON.

    Raises:
        EventCodecError: The event holds what JSON has no form for, such as a NaN.
    """
    event = envelope.event
    try:
        return _encoder.encode(
            {
                "v": EVENT_CODEC_VERSION,
                "seq": envelope.sequence,
                "at": envelope.at.isoformat(timespec="microseconds"),
                "type": type(event).__name__,
                "event": _writers[type(event)](event),
            }
        ).decode()
    except KeyError:
        raise EventCodecError(f"no event type {type(event).__name__!r}") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise EventCodecError(f"{type(event).__name__} {envelope.sequence}: {error}") from error


def decode(line: str | bytes) -> Envelope:
    """Return what `encode` wrote.

    Raises:
        EventCodecError: It is not JSON, not of this version, of a type that this version
            does not know, or a field is missing or of the wrong form.
    """
    try:
        message = json.loads(line)
        if message["v"] != EVENT_CODEC_VERSION:
            raise EventCodecError(
                f"event of format version {message['v']!r}; this one reads {EVENT_CODEC_VERSION}"
            )
        at = datetime.fromisoformat(message["at"])
        if at.tzinfo is None:
            raise EventCodecError(f"event {message['seq']!r}: {message['at']!r} has no UTC offset")
        return Envelope(
            sequence=_readers_of_scalars[int](message["seq"]),
            at=at,
            event=cast("Event", _readers[message["type"]](message["event"])),
        )
    except KeyError as error:
        raise EventCodecError(f"event: no field or no event type {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise EventCodecError(f"event: {error}") from error


def _same(value: Any) -> Any:
    return value


def _exactly(kind: type) -> Convert:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is not of type {kind.__name__}")
        return value

    return read


def _read_float(value: Any) -> float:
    # A whole number that passed through another program's JSON has lost its ".0".
    if type(value) is float or type(value) is int:
        return float(value)
    raise TypeError(f"{value!r} is not a number")


def _write_time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no UTC offset")
    return value.isoformat(timespec="microseconds")


def _read_time(value: Any) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"{value!r} has no UTC offset")
    return at


_readers_of_scalars: Final[Mapping[type, Convert]] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _read_float,
    datetime: _read_time,
}
_writers_of_scalars: Final[Mapping[type, Convert]] = {datetime: _write_time}


def _write_number(value: float) -> float:
    # The encoder would write null, which is another fact than a mistake.
    if not isfinite(value):
        raise ValueError(f"JSON has no form for {value!r}")
    return value


def _read_optional(read: Convert) -> Convert:
    return lambda value: None if value is None else read(value)


def _write_optional(write: Convert) -> Convert:
    return lambda value: None if value is None else write(value)


def _read_tuple(read: Convert) -> Convert:
    return lambda values: tuple([read(value) for value in values])


def _write_tuple(write: Convert) -> Convert:
    return lambda values: [write(value) for value in values]


def _read_mapping(read_name: Convert, read: Convert) -> Convert:
    return lambda values: {read_name(name): read(value) for name, value in values.items()}


def _write_mapping(write_name: Convert, write: Convert) -> Convert:
    return lambda values: {write_name(name): write(value) for name, value in values.items()}


def _converters(hint: Any) -> tuple[Convert, Convert]:
    """Return the writer and the reader for a field of that type."""
    if hint in _readers_of_scalars:
        return _writers_of_scalars.get(hint, _same), _readers_of_scalars[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _same, hint
    if is_dataclass(hint):
        return _record_writer(cast("type", hint)), _record_reader(cast("type", hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType) and NoneType in arguments and len(arguments) == 2:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        write, read = _converters(inner)
        return (_same if write is _same else _write_optional(write)), _read_optional(read)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        write, read = _converters(arguments[0])
        return _write_tuple(write), _read_tuple(read)
    if origin is Mapping:
        write_name, read_name = _converters(arguments[0])
        write, read = _converters(arguments[1])
        if arguments[1] is float:
            write = _write_number
        return _write_mapping(write_name, write), _read_mapping(read_name, read)
    raise TypeError(f"no JSON form for {hint!r}")


def _record_writer(kind: type) -> Convert:
    hints = get_type_hints(kind)
    plain = [field.name for field in fields(kind) if _converters(hints[field.name])[0] is _same]
    numbers = [name for name in plain if hints[name] in (float, float | None)]
    other = [
        (field.name, _converters(hints[field.name])[0])
        for field in fields(kind)
        if field.name not in plain
    ]

    def write(record: Any) -> dict[str, Any]:
        document = {name: getattr(record, name) for name in plain}
        for name in numbers:
            value = document[name]
            if value is not None and not isfinite(value):
                # See _write_number.
                raise ValueError(f"{name}: JSON has no form for {value!r}")
        for name, convert in other:
            document[name] = convert(getattr(record, name))
        return document

    return write


def _record_reader(kind: type) -> Convert:
    hints = get_type_hints(kind)
    readers = {field.name: _converters(hints[field.name])[1] for field in fields(kind)}
    required = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def read(document: Any) -> Any:
        missing = required - document.keys()
        if missing:
            raise TypeError(f"{kind.__name__} lacks {', '.join(sorted(missing))}")
        return kind(
            **{
                name: convert(document[name])
                for name, convert in readers.items()
                if name in document
            }
        )

    return read


_writers: Final[Mapping[type, Convert]] = {
    kind: _record_writer(kind) for kind in EVENT_TYPES.values()
}
_readers: Final[Mapping[str, Convert]] = {
    name: _record_reader(kind) for name, kind in EVENT_TYPES.items()
}
