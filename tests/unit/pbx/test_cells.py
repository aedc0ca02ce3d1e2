import pytest

from config.schema import Cells, Rtp
from domain.errors import ConfigurationError, NoCellFree
from pbx.cells import CellPool

PORTS = Rtp(address="127.0.0.1", port_min=20_000, port_max=20_999)


async def test_pool_that_is_not_open_has_no_cell() -> None:
    pool = CellPool(Cells(warm=1, max=4), PORTS, outbound_proxy=("127.0.0.1", 5_070))
    with pytest.raises(NoCellFree, match="closed"):
        await pool.take(contact_id="c", on_event=lambda _event: None, tap_path=None)
    figures = pool.figures()
    assert (figures.refused, figures.cells_max, figures.started) == (1, 4, 0)
    assert pool.zygote_pid is None


async def test_ports_that_do_not_suffice_are_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigurationError, match=r"cells\.max 300"):
        CellPool(Cells(max=300), PORTS, outbound_proxy=None)
