import asyncio
import hashlib
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text, update

from config.attachments import TYPES
from domain.attachment import Scan
from domain.errors import AttachmentRefused, LimitExceeded, StoreError
from store.attachment_check import Allowed
from store.attachment_files import INCOMING, AttachmentFiles
from store.attachment_keeper import AttachmentKeeper
from store.attachments import Attachments
from store.clamd import Verdict
from store.conversation_schema import ATTACHMENTS
from store.opening import KEY_FILE, Store
from store.statements import Step
from store.vault import open_vault
from tests.house import ROOT
from tests.store_support import HandClock
from tests.unit.store.attachment_files_support import packed, pieces, png

EVIL = b"evil"


class FakeScanner:
    def __init__(self, verdict: Verdict | None = None) -> None:
        self.verdict = verdict
        self.seen: list[bytes] = []

    async def scan(self, content: AsyncIterator[bytes]) -> Verdict:
        whole = b"".join([piece async for piece in content])
        self.seen.append(whole)
        if self.verdict is not None:
            return self.verdict
        return Verdict.INFECTED if EVIL in whole else Verdict.CLEAN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


def attachments(store: Store, folder: Path, clock: HandClock, **more: object) -> Attachments:
    vault = open_vault(folder.parent / KEY_FILE, create=False)
    files = AttachmentFiles(folder, durable=True)
    allowed = Allowed(types=tuple(TYPES), image_pixels_max=10_000, unpacked_bytes_max=10_000_000)
    given = {"allowed": allowed, "bytes_max": 1_000_000, **more}
    return Attachments(store.database, vault, files, clock, **given)  # type: ignore[arg-type]


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("??/??/*"))


def incoming(folder: Path) -> list[Path]:
    return list((folder / INCOMING).glob("*"))


async def content_of(vault: Attachments, attachment, **more: int) -> bytes:
    return b"".join([piece async for piece in vault.read(attachment, **more)])


async def test_a_file_comes_back_as_it_was(store, folder, clock):
    vault = attachments(store, folder, clock)
    content = b"hello world\n" * 60_000
    made = await vault.put(pieces(content), name="../a\u202eb.txt", claimed_type="text/csv")
    assert (made.name, made.media_type, made.bytes) == ("ab.txt", "text/csv", len(content))
    assert made.content_hash == hashlib.sha256(content).hexdigest()
    assert (made.scan, made.uploaded_at) == (Scan.NONE, clock.utc())
    assert await vault.get(made.attachment_id) == made
    assert await vault.get("0" * 32) is None
    assert await content_of(vault, made) == content
    assert await content_of(vault, made, begin=300_000, end=300_007) == content[300_000:300_007]
    assert await content_of(vault, made, begin=719_990, end=10**9) == content[-10:]
    assert incoming(folder) == []
    path = folder / made.content_hash[:2] / made.content_hash[2:4] / made.content_hash
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o007 == 0, "others cannot read it"


async def test_its_name_is_sealed_in_the_database(store, folder, clock):
    vault = attachments(store, folder, clock)
    await vault.put(pieces(b"x"), name="passport of Ana.txt", claimed_type="")
    async with store.database.reading("all") as connection:
        (row,) = (await connection.execute(text("SELECT * FROM attachments"))).mappings().all()
    assert b"Ana" not in row["name"]
    assert "Ana" not in str(row)


async def test_the_same_content_is_kept_once(store, folder, clock):
    vault = attachments(store, folder, clock)
    one, two = await asyncio.gather(
        *(vault.put(pieces(b"same"), name=name, claimed_type="") for name in ("a", "b"))
    )
    assert one.attachment_id != two.attachment_id
    assert kept(folder) == [one.content_hash] == [two.content_hash]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"MZ" + b"\x90\0" * 40, "portable-executable are not taken"),
        (b"<html><script>", "files of type text/html are not taken"),
        (png(101, 100), "101 by 100 pixels is over the limit of 10000"),
        (packed({"zeros": bytes(11_000_000)}), "it unpacks to 11000000 bytes"),
        (b"\x89PNG\r\n\x1a\n", "the picture's header says no size"),
        (b"PK\x03\x04" + bytes(50), "its archive's directory cannot be read"),
    ],
)
async def test_what_is_not_taken_leaves_nothing(store, folder, clock, content, why):
    vault = attachments(store, folder, clock)
    with pytest.raises(AttachmentRefused, match=why) as refused:
        await vault.put(pieces(content), name="secret name.png", claimed_type="image/png")
    assert "secret" not in str(refused.value), "the error goes into logs"
    assert (kept(folder), incoming(folder)) == ([], [])


async def test_one_byte_too_many(store, folder, clock):
    vault = attachments(store, folder, clock, bytes_max=5_000)
    await vault.put(pieces(b"x" * 5_000), name="", claimed_type="")
    with pytest.raises(LimitExceeded, match=r"attachments\.bytes_max: 5001 is over"):
        await vault.put(pieces(b"x" * 5_001, 1), name="", claimed_type="")
    assert len(kept(folder)) == 1
    assert incoming(folder) == []


async def test_a_sender_who_goes_away_leaves_nothing(store, folder, clock):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000
        raise ConnectionResetError

    vault = attachments(store, folder, clock, bytes_max=10_000_000)
    with pytest.raises(ConnectionResetError):
        await vault.put(broken(), name="", claimed_type="")
    assert (kept(folder), incoming(folder)) == ([], [])


async def test_a_database_that_refuses_leaves_no_file(store, folder, clock, monkeypatch):
    vault = attachments(store, folder, clock)

    async def refuse(*_: object, **__: object) -> None:
        raise StoreError("full")

    with monkeypatch.context() as refusing:
        refusing.setattr(store.database, "write", refuse)
        with pytest.raises(StoreError, match="full"):
            await vault.put(pieces(b"x"), name="", claimed_type="")
    assert (kept(folder), incoming(folder)) == ([], [])


async def test_a_disk_that_refuses_is_a_store_error(store, folder, clock):
    folder.write_text("in the way")
    with pytest.raises(StoreError, match="attachments: taking a file"):
        await attachments(store, folder, clock).put(pieces(b"x"), name="", claimed_type="")


async def test_content_that_is_missing_is_told(store, folder, clock):
    vault = attachments(store, folder, clock)
    made = await vault.put(pieces(b"hello"), name="", claimed_type="")
    with pytest.raises(StoreError, match="it ends at 5 of 9 bytes"):
        await content_of(vault, replace(made, bytes=9))
    next(folder.glob("??/??/*")).unlink()
    with pytest.raises(StoreError, match="No such file"):
        await content_of(vault, made)


async def test_a_scanner_sees_each_whole(store, folder, clock):
    scanner = FakeScanner()
    vault = attachments(store, folder, clock, scanner=scanner)
    content = b"fine\n" * 50_000
    assert (await vault.put(pieces(content), name="", claimed_type="")).scan is Scan.CLEAN
    assert scanner.seen == [content]
    with pytest.raises(AttachmentRefused, match="found something"):
        await vault.put(pieces(b"so " + EVIL), name="", claimed_type="")
    assert len(kept(folder)) == 1


async def test_one_that_is_down_holds_files_shut_until_it_is_back(store, folder, clock):
    scanner = FakeScanner(Verdict.DOWN)
    vault = attachments(store, folder, clock, scanner=scanner)
    good = await vault.put(pieces(b"good"), name="", claimed_type="")
    bad = await vault.put(pieces(b"bad, " + EVIL), name="", claimed_type="")
    assert {good.scan, bad.scan} == {Scan.WAITING}
    with pytest.raises(AttachmentRefused, match="waiting"):
        await content_of(vault, good)
    assert await vault.rescan() > 0
    scanner.verdict = None
    assert await vault.rescan() == 0
    good_now, bad_now = [await vault.get(one.attachment_id) for one in (good, bad)]
    assert good_now is not None
    assert bad_now is not None
    assert (good_now.scan, bad_now.scan) == (Scan.CLEAN, Scan.INFECTED)
    assert await content_of(vault, good_now) == b"good"
    with pytest.raises(AttachmentRefused, match="infected"):
        await content_of(vault, bad_now)
    seen = len(scanner.seen)
    assert await vault.rescan() == 0
    assert len(scanner.seen) == seen, "nobody is asked while nothing is held"


async def test_one_that_is_down_refuses_where_so_configured(store, folder, clock):
    vault = attachments(store, folder, clock, scanner=FakeScanner(Verdict.DOWN), hold=False)
    with pytest.raises(AttachmentRefused, match="does not answer"):
        await vault.put(pieces(b"good"), name="", claimed_type="")


async def test_what_nothing_takes_up_is_dropped(store, folder, clock):
    vault = attachments(store, folder, clock)
    used, unused, twin = [
        await vault.put(pieces(content), name="", claimed_type="")
        for content in (b"used", b"unused", b"used")
    ]
    await bind(store, used.attachment_id)
    clock.tick(100)
    young = await vault.put(pieces(b"young"), name="", claimed_type="")
    assert await vault.drop_unused(100.5) == 0
    assert await vault.drop_unused(99.5) == 2
    assert kept(folder) == sorted([used.content_hash, young.content_hash])
    assert await vault.get(unused.attachment_id) is None
    assert await vault.get(twin.attachment_id) is None
    assert await content_of(vault, used) == b"used", "its twin is gone, its content is not"


async def bind(store: Store, attachment_id: str) -> None:
    statement = (
        update(ATTACHMENTS)
        .where(ATTACHMENTS.c.attachment_id == bindparam("which"))
        .values(message_id="a" * 32)
    )
    await store.database.write("test", Step(statement, ({"which": attachment_id},)))


async def test_a_start_clears_what_a_kill_has_left(store, folder, clock):
    vault = attachments(store, folder, clock)
    made = await vault.put(pieces(b"kept"), name="", claimed_type="")
    orphan = folder / "ab" / "cd" / ("abcd" + "0" * 60)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"orphan")
    (folder / INCOMING / "dead").write_bytes(b"half")
    async with AttachmentKeeper(vault, keep_unused_s=60, retry_s=60):
        assert incoming(folder) == []
        async with asyncio.timeout(20):
            while orphan.exists():  # noqa: ASYNC110 - a thread deletes it
                await asyncio.sleep(0)
    assert kept(folder) == [made.content_hash]


UPLOAD = """
import asyncio, sys
from pathlib import Path
from store.attachment_files import AttachmentFiles

async def endless():
    yield b"x" * 3_000_000
    print("taking", flush=True)
    await asyncio.sleep(60)

async def main():
    files = AttachmentFiles(Path(sys.argv[1]), durable=True)
    async with files.take(endless(), 10_000_000) as incoming:
        await files.keep(incoming)

asyncio.run(main())
"""


async def test_a_kill_in_the_middle_leaves_no_half_file_under_a_hash(store, folder, clock):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPLOAD, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"taking\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()
    (left,) = incoming(folder)
    assert left.stat().st_size > 0
    assert kept(folder) == []
    vault = attachments(store, folder, clock)
    assert await vault.clear_incoming() == 1
    assert incoming(folder) == []
