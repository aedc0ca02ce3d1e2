import struct

import numpy as np
import pytest

from domain.errors import ModelError
from models.constants import DEPTH_MAX, float_constants


def field(number: int, content: bytes | int) -> bytes:
    """Return one field of a message, short enough for lengths of two bytes."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    size = len(content)
    return bytes([number << 3 | 2, size & 0x7F | 0x80, size >> 7]) + content


def tensor(values: list[float], *shape: int, kind: int = 1) -> bytes:
    raw = struct.pack(f"<{len(values)}f", *values)
    return b"".join(field(1, size) for size in shape) + field(2, kind) + field(9, raw)


def node(name: str, attribute: bytes) -> bytes:
    return field(1, field(2, name.encode()) + field(5, attribute))


def constant(name: str, of: bytes) -> bytes:
    return node(name, field(1, b"value") + field(5, of))


def inside(graph: bytes) -> bytes:
    return node("branch", field(6, graph))


def model(graph: bytes) -> bytes:
    return field(1, 8) + field(7, graph)


def test_floats_of_all_graphs_are_found_by_their_name() -> None:
    inner = constant("inner", tensor([1.5, 2.5], 2))
    graph = constant("outer", tensor([1, 2, 3, 4, 5, 6], 2, 3)) + inside(inside(inner))
    found = float_constants(model(graph))
    assert found.keys() == {"outer", "inner"}
    np.testing.assert_array_equal(found["outer"], [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(found["inner"], [1.5, 2.5])


def test_packed_dimensions_are_read() -> None:
    packed = field(1, bytes([3, 1])) + field(2, 1) + field(9, struct.pack("<3f", 1, 2, 3))
    assert float_constants(model(constant("a", packed)))["a"].shape == (3, 1)


def test_other_types_and_sizes_that_do_not_fit_are_left_out() -> None:
    graph = constant("integers", tensor([1, 2], 2, kind=7)) + constant("short", tensor([1], 2))
    assert float_constants(model(graph)) == {}


@pytest.mark.parametrize(
    "content",
    [
        model(constant("cut", tensor([1, 2], 2)))[:-3],
        b"\x80",
        bytes([7 << 3 | 3]),
        model(field(1, field(2, b"\xff\xfe"))),
    ],
    ids=["cut", "open integer", "wire type", "no text"],
)
def test_what_is_no_network_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        float_constants(content)


def test_graphs_are_followed_to_a_limit() -> None:
    graph = constant("deep", tensor([1], 1))
    for _ in range(DEPTH_MAX):
        graph = inside(graph)
    with pytest.raises(ModelError, match="deeper"):
        float_constants(model(graph))
