"""Constants: the arrays inside an ONNX file, read without the library that writes such files.

Source:
    The file is a message of protocol buffers; numbers of fields: onnx.proto of ONNX, opset 16.
"""

from collections.abc import Iterator
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError

DEPTH_MAX: Final = 8
"""Graphs within graphs; deeper is no network that we know."""
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_FLOAT: Final = 1
_GRAPH_OF_MODEL, _NODE_OF_GRAPH = 7, 1
_OUTPUT_OF_NODE, _ATTRIBUTE_OF_NODE = 2, 5
_TENSOR_OF_ATTRIBUTE, _GRAPH_OF_ATTRIBUTE = 5, 6
_DIMS_OF_TENSOR, _TYPE_OF_TENSOR, _RAW_OF_TENSOR = 1, 2, 9

Field = tuple[int, int | bytes]


def float_constants(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the constants of type float32 of all graphs, by the name of the node's output.

    Raises:
        ModelError: The file ends too early, or is no such message.
    """
    try:
        found: dict[str, NDArray[np.float32]] = {}
        for number, value in _fields(model):
            if number == _GRAPH_OF_MODEL and isinstance(value, bytes):
                found.update(_of_graph(value, DEPTH_MAX))
    except (IndexError, ValueError) as error:
        raise ModelError(f"a network's constants cannot be read: {error}") from error
    return found


def _of_graph(graph: bytes, depth: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    if not depth:
        raise ValueError(f"graphs lie in graphs deeper than {DEPTH_MAX}")
    for number, node in _fields(graph):
        if number != _NODE_OF_GRAPH or not isinstance(node, bytes):
            continue
        name = ""
        for part, value in _fields(node):
            if not isinstance(value, bytes):
                continue
            if part == _OUTPUT_OF_NODE:
                name = value.decode()
            elif part == _ATTRIBUTE_OF_NODE:
                for inner, content in _fields(value):
                    if not isinstance(content, bytes):
                        continue
                    if inner == _GRAPH_OF_ATTRIBUTE:
                        yield from _of_graph(content, depth - 1)
                    elif inner == _TENSOR_OF_ATTRIBUTE:
                        array = _array(content)
                        if array is not None:
                            yield name, array


def _array(tensor: bytes) -> NDArray[np.float32] | None:
    """Return a tensor of floats; None for one of another type or without its bytes in a row."""
    shape: list[int] = []
    kind, raw = 0, b""
    for number, value in _fields(tensor):
        if number == _DIMS_OF_TENSOR:
            shape += [value] if isinstance(value, int) else list(_varints(value))
        elif number == _TYPE_OF_TENSOR and isinstance(value, int):
            kind = value
        elif number == _RAW_OF_TENSOR and isinstance(value, bytes):
            raw = value
    if kind != _FLOAT or not raw or len(raw) != 4 * prod(shape):
        return None
    return np.frombuffer(raw, dtype="<f4").reshape(shape)


def _fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message: number, and the integer or the bytes that it holds."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in (_FOUR_BYTES, _EIGHT_BYTES):
            size = 4 if kind == _FOUR_BYTES else 8
        else:
            raise ValueError(f"wire type {kind} at byte {at}")
        if at + size > end:
            raise ValueError(f"it ends {at + size - end} bytes too early")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return an integer of seven bits a byte, and where the next field begins."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7


def _varints(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        value, at = _varint(packed, at)
        yield value
