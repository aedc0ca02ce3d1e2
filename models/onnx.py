"""ONNX: the one door to onnxruntime."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from domain.errors import ModelError

WEIGHTS_BYTES_MAX: Final = 4_000_000
"""What a set of weights may weigh: it is committed, and copied into every worker."""


def read_weights(weights: Path, *, sha256: str) -> bytes:
    """Return a file of weights.

    Raises:
        ModelError: It is missing, too large, or another than is wanted.
    """
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise ModelError(f"{weights.name} cannot be read: {error.strerror}") from error
    if len(content) > WEIGHTS_BYTES_MAX:
        raise ModelError(
            f"{weights.name} has {len(content)} bytes, over the limit of {WEIGHTS_BYTES_MAX}"
        )
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(f"{weights.name} has SHA-256 {found}, and {sha256} is wanted")
    return content


class Session:
    """A network that runs on one core.

    There is one analysis worker a core, so a pool of threads inside each would only have them
    wait for one another. Nothing spins while it waits; memory that a large batch took is given
    back, since the next may be small.
    """

    def __init__(self, weights: Path, *, sha256: str) -> None:
        """Read the weights.

        Raises:
            ModelError: They are missing, too large, not those of the card, or not readable.
        """
        content = read_weights(weights, sha256=sha256)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Errors reach the caller as exceptions; the library's own lines would bypass our log.
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"{weights.name} is not a network that runs here: {error}") from error
        self._inputs = frozenset(taken.name for taken in self._session.get_inputs())

    def run(self, named: Mapping[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Return all outputs; an input that the network does not have is left out.

        Raises:
            ModelError: An input is missing, or has a shape that the network does not take.
        """
        missing = self._inputs - named.keys()
        if missing:
            raise ModelError(f"the network's inputs {sorted(missing)} were not given")
        try:
            found = self._session.run(None, {name: named[name] for name in self._inputs})
        except Exception as error:
            raise ModelError(f"the network refused its inputs: {error}") from error
        return [np.asarray(values, dtype=np.float32) for values in found]
