import numpy as np
import pytest

from bench.lines import labelled, only, prompts
from media.pcm import HOP_SAMPLES, HOPS_PER_FRAME


@pytest.mark.parametrize("kind", ["white", "babble", "music", "digits"])
def test_a_line_on_which_nobody_speaks_is_as_loud_as_one_with_speech(kind: str) -> None:
    line = only(kind, 5.0)
    assert line.size == 40_000
    assert np.sqrt(np.mean(line**2)) == pytest.approx(0.1, rel=0.25)
    np.testing.assert_array_equal(line, only(kind, 5.0))


def test_a_labelled_line_has_one_truth_for_each_hop() -> None:
    line, truth = labelled("pink", 10, list(prompts())[:3])
    assert line.size == truth.size * HOP_SAMPLES
    assert truth.size % HOPS_PER_FRAME == 0
    level = (line.reshape(-1, HOP_SAMPLES) ** 2).mean(axis=1)
    assert level[truth].mean() > 5 * level[~truth].mean()
