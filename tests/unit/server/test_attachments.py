from pathlib import Path

from config.attachments import Attachments as Settings
from config.attachments import ClamdScan
from config.load import load
from domain.attachment import Scan
from server.attachments import attachments_at_work
from store.opening import KEY_FILE, open_store
from store.vault import open_vault
from tests.house import ROOT
from tests.store_support import HandClock
from tests.unit.store.attachment_files_support import pieces


async def test_a_file_is_kept_as_configured(tmp_path: Path) -> None:
    loaded = load(ROOT / "config" / "examples" / "minimal.yaml", look_up_secrets=False)
    scan = ClamdScan(clamd=str(tmp_path / "none.sock"), when_down="hold")
    settings = loaded.configuration
    settings = settings.model_copy(
        update={
            "node": settings.node.model_copy(update={"data_folder": tmp_path}),
            "attachments": Settings(bytes_max=2_000, scan=scan),
        }
    )
    clock = HandClock()
    async with open_store(tmp_path, clock) as store:
        vault = open_vault(tmp_path / KEY_FILE, create=False)
        async with attachments_at_work(settings, store.database, vault, clock) as attachments:
            made = await attachments.put(pieces(b"hello"), name="a.txt", claimed_type="")
    assert made.scan is Scan.WAITING, "its scanner is not there"
    assert list((tmp_path / "attachments").glob("??/??/*"))
