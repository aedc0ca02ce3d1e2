import struct

import numpy as np
import pytest

from domain.errors import RecordingError
from domain.mood import BANDS
from server.analyse.course import Course
from server.analyse.plot import HEIGHT_PX, WIDTH_PX, draw
from tests.unit.server.analyse.call_rig import CARD, grown_angry, recording


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_picture_of_a_call_with_alerts(tmp_path):
    samples = recording()
    course = grown_angry()
    assert course.alerts
    draw(tmp_path / "a.png", "a $x_1$.wav", samples, course, BANDS, CARD)
    png = (tmp_path / "a.png").read_bytes()
    assert size(png) == (WIDTH_PX, HEIGHT_PX)
    draw(tmp_path / "b.png", "a $x_1$.wav", samples, course, BANDS, CARD)
    assert (tmp_path / "b.png").read_bytes() == png
    calm = Course(course.seconds, course.moments, [], course.segments)
    draw(tmp_path / "c.png", "a $x_1$.wav", samples, calm, BANDS, CARD)
    assert (tmp_path / "c.png").read_bytes() != png


@pytest.mark.parametrize("samples", [1, 8_000])
def test_a_picture_of_silence(tmp_path, samples):
    sound = np.zeros(samples, dtype=np.float32)
    draw(tmp_path / "a.png", "a.wav", sound, Course(samples / 8_000), BANDS, CARD)
    assert size((tmp_path / "a.png").read_bytes()) == (WIDTH_PX, HEIGHT_PX)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RecordingError, match=r"none/a\.png: cannot be written: No such file"):
        draw(
            tmp_path / "none" / "a.png",
            "a.wav",
            np.zeros(8_000, dtype=np.float32),
            Course(1.0),
            BANDS,
            CARD,
        )
