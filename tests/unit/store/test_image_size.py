import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.image_size import image_size
from tests.property.examples import EXAMPLES
from tests.unit.store.attachment_files_support import gif, jpeg, png, webp


@pytest.mark.parametrize(
    ("content", "media_type", "size"),
    [
        (png(640, 480), "image/png", (640, 480)),
        (png(2**31, 2**31 - 1), "image/png", (2**31, 2**31 - 1)),
        (gif(65_535, 2), "image/gif", (65_535, 2)),
        (jpeg(4_000, 3_000), "image/jpeg", (4_000, 3_000)),
        (jpeg(4_000, 3_000, comment=3), "image/jpeg", (4_000, 3_000)),
        (webp("VP8X", 16_000_000, 7), "image/webp", (16_000_000, 7)),
        (webp("VP8L", 16_384, 3), "image/webp", (16_384, 3)),
        (webp("VP8", 800, 600), "image/webp", (800, 600)),
        (b"\xff\xd8\xff\xd9", "image/jpeg", None),
        (b"\xff\xd8\xff\xe0\0\0", "image/jpeg", None),
        (b"\xff\xd8\xff\xe1\xff\xff", "image/jpeg", None),
        (b"\x89PNG\r\n\x1a\n", "image/png", None),
        (b"%PDF-", "application/pdf", None),
    ],
)
def test_the_header_tells(content: bytes, media_type: str, size: tuple[int, int] | None) -> None:
    assert image_size(io.BytesIO(content), media_type) == size


@settings(deadline=None, max_examples=EXAMPLES * 4)
@given(
    st.sampled_from([b"\xff\xd8", png()[:8], b"GIF89a", webp("VP8", 1, 1)[:16]]),
    st.binary(max_size=300),
    st.sampled_from(["image/png", "image/gif", "image/jpeg", "image/webp"]),
)
def test_no_bytes_break_it(head: bytes, rest: bytes, media_type: str) -> None:
    size = image_size(io.BytesIO(head + rest), media_type)
    assert size is None or min(size) >= 0
