"""Export: a trained ensemble as ONNX, and the proof that both say the same."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from media.features.framing import WINDOW_SAMPLES_MAX, frames_in
from media.features.functionals import NAMES
from media.features.logmel import BANDS
from models.training.network import Ensemble

OPSET: Final = 17
INPUTS: Final = ("log_mel", "active", "functionals", "baseline", "has_baseline")
OUTPUTS: Final = ("probabilities", "arousal", "valence")


def example(windows: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return inputs of the right shapes with nothing heard in them."""
    rng = np.random.default_rng(seed)
    frames = frames_in(WINDOW_SAMPLES_MAX)
    return {
        "log_mel": rng.normal(-50, 10, (windows, frames, BANDS)).astype(np.float32),
        "active": (rng.random((windows, frames)) < 0.8).astype(np.float32),
        "functionals": rng.normal(0, 10, (windows, len(NAMES))).astype(np.float32),
        "baseline": rng.normal(0, 10, (windows, len(NAMES))).astype(np.float32),
        "has_baseline": (rng.random((windows, 1)) < 0.5).astype(np.float32),
    }


def export(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble; the number of windows stays open."""
    ensemble.eval()
    given = tuple(torch.from_numpy(values) for values in example(2, 0).values())
    with warnings.catch_warnings():
        # The TorchScript exporter is marked as legacy; the other one needs more packages.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            ensemble,
            given,
            str(path),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "windows"} for name in (*INPUTS, *OUTPUTS)},
            opset_version=OPSET,
            dynamo=False,
        )
