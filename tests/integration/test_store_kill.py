"""A node that is killed loses nothing that it has acknowledged."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.contact import Disposition
from domain.errors import StoreError
from store.opening import open_store
from tests.store_support import HandClock, contact_id

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from store.opening import open_store
from tests.store_support import HandClock, arrived, digit

async def write(store, numbers):
    for number in numbers:
        await store.contacts.open(arrived(number))
        await store.journal.append([digit(number)])
        # One write is one piece in the pipe, whenever this process is killed.
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()

async def main():
    async with open_store(Path(sys.argv[1]), HandClock()) as store:
        numbers = itertools.count(1)
        await asyncio.gather(*(write(store, numbers) for _ in range(20)))

asyncio.run(main())
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("after", [1, 500])
async def test_all_that_was_acknowledged_is_there_after_a_kill(tmp_path, after):
    with start(tmp_path) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(after)]
        writer.send_signal(signal.SIGKILL)
        # What it had told before it died and we had not read yet; half a line is no word.
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    clock = HandClock()
    clock.tick(3_600)
    async with open_store(tmp_path, clock) as store:
        assert not store.stopped_cleanly
        orphans = await store.contacts.close_orphans()
        events = await store.journal.after(0, limit=100_000)
        assert await store.contacts.close_orphans() == []
    assert {contact_id(number) for number in acknowledged} <= {
        record.contact.contact_id for record in orphans
    }
    assert set(acknowledged) <= {event.sequence for event in events}
    assert {record.contact.disposition for record in orphans} == {Disposition.NODE_DIED}
    assert {record.contact.caller for record in orphans} == {"+4930123456"}


async def test_two_nodes_cannot_use_one_folder(tmp_path):
    with start(tmp_path) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(StoreError, match=f"in use by another node, process {writer.pid}"):
            async with open_store(tmp_path, HandClock()):
                pass
        writer.kill()
    async with open_store(tmp_path, HandClock()):
        pass
