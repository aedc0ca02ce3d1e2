import numpy as np
import pytest
from matplotlib.image import imread

from router.simulation.compare import play, report
from server.simulate.plot import HEIGHT_PX, WIDTH_PX, draw
from tests.unit.router.simulation.rig import centre, workload


def test_a_picture_is_drawn_with_every_policy_in_its_colour(tmp_path) -> None:
    rows = [
        play(centre(seed), policy) for seed in (1, 2) for policy in ("skills-greedy", "warmline")
    ]
    made = report(workload(), rows, baseline="skills-greedy")
    draw(tmp_path / "one.png", made)
    pixels = imread(tmp_path / "one.png")
    assert pixels.shape[:2] == (HEIGHT_PX, WIDTH_PX)
    # Warmline's blue and greedy's grey, in bars that can be seen.
    for colour in ((0x4A, 0x7F, 0xB5), (0x87, 0x94, 0xA2)):
        same = np.all(np.abs(pixels[..., :3] * 255 - colour) < 2, axis=-1)
        assert same.sum() > 2_000
    draw(tmp_path / "two.png", made)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_file_that_cannot_be_written_is_an_error(tmp_path) -> None:
    made = report(workload(), [play(centre(), "fifo")], baseline="skills-greedy")
    with pytest.raises(OSError, match="missing"):
        draw(tmp_path / "missing" / "x.png", made)
