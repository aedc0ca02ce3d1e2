"""Sources: what is simulated, read from files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.document import BYTES_MAX, Mapping, read_document
from config.load import load_bytes
from config.mistake import ConfigurationMistakes, Mistake, Place
from config.workload import Workload
from config.workload_file import read_workload
from domain.errors import SimulationError
from router.policy import RouterPolicy
from router.simulation.arrivals import Arrival
from router.simulation.arrivals_csv import Row, read_rows, with_arrivals
from router.simulation.centre import DAY_S, Centre
from router.simulation.configured import centre_of, workload_of

CSV_BYTES_MAX: Final = 268_435_456
"""A year of 10,000 contacts a day is about as much."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is simulated.

    Attributes:
        rows: Contacts that come as a table says; None: they are drawn from the workload.
        policy: Agents and queues of a configuration; None: they are drawn from the workload.
    """

    workload: Workload
    rows: Sequence[Row] | None = None
    policy: RouterPolicy | None = None

    @property
    def days(self) -> int:
        """How many days a table needs to its last row; 1 without a table."""
        last_s = max((row.arrival_s for row in self.rows or ()), default=0.0)
        return 1 + int(last_s // DAY_S)

    def centre(self, seed: int) -> Centre:
        """Return the centre of one seed.

        Raises:
            SimulationError: There are contacts that no agent can serve.
        """
        if self.policy is not None:
            return centre_of(self.workload, self.policy, seed)
        return Centre.of(self.workload, seed)

    def arrivals(self, centre: Centre) -> Sequence[Arrival] | None:
        """Return who comes; None: they are to be drawn.

        Raises:
            SimulationError: A row has a queue that is not there, or nobody can serve it.
        """
        if self.rows is None:
            return None
        languages = None
        if self.policy is not None:
            languages = {queue.id: queue.language for queue in self.policy.queues.values()}
        return with_arrivals(self.rows, centre, languages)


def read_source(workload: Path, config: Path | None) -> Source:
    """Read a workload.

    Args:
        workload: YAML, or a CSV table of arrivals.
        config: Agents and queues for a table: a workload's YAML or a node's configuration.

    Raises:
        ConfigurationMistakes: A YAML file cannot be used.
        SimulationError: A table cannot be used, or does not fit the agents and queues.
    """
    if workload.suffix.lower() != ".csv":
        if config is not None:
            raise SimulationError(f"{config}: agents and queues of {workload} stand in itself")
        return Source(read_workload(_read(workload, BYTES_MAX), workload))
    if config is None:
        raise SimulationError(f"{workload}: a table of arrivals needs --config with the agents")
    rows = read_rows(_text(_read(workload, CSV_BYTES_MAX), workload), str(workload))
    raw = _read(config, BYTES_MAX)
    document, _ = read_document(raw, config)
    root = None if document is None else document.root
    if isinstance(root, Mapping) and "sip" in root.entries:
        policy = RouterPolicy.of(load_bytes(raw, config, look_up_secrets=False).configuration)
        return Source(workload_of(workload.stem, policy, rows), rows, policy)
    return Source(read_workload(raw, config), rows)


def _read(file: Path, bytes_max: int) -> bytes:
    try:
        with file.open("rb") as stream:
            raw = stream.read(bytes_max + 1)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        mistake = Mistake(file, Place(1, 1), (), found, "a file that can be read")
        raise ConfigurationMistakes(file, [mistake]) from error
    if len(raw) > bytes_max:
        raise SimulationError(f"{file}: more than {bytes_max} bytes")
    return raw


def _text(raw: bytes, file: Path) -> str:
    try:
        # A spreadsheet may put a byte order mark before the first name.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SimulationError(
            f"{file}:{line}: found byte 0x{raw[error.start]:02x}; allowed: UTF-8 text"
        ) from error
