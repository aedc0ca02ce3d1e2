import asyncio
import os
import sys

from bench.processes import Spent, watched

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def test_a_name_with_blanks_and_brackets_shifts_nothing() -> None:
    spent = [3 * TICKS_PER_S, TICKS_PER_S, 7 * TICKS_PER_S, 2 * TICKS_PER_S]
    stat = f"12 (a) S (b) S 1 12 12 0 -1 0 0 0 0 0 {' '.join(map(str, spent))} 20 0 1"
    assert Spent.parse(stat) == Spent(own_s=4.0, children_s=9.0)


async def test_what_a_process_spent_is_known_when_it_has_ended() -> None:
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", busy)
    async with watched({"busy": [process.pid], "nobody": []}) as spent:
        await process.wait()
    assert spent["nobody"] == 0
    # What came after the last look is missing, what the start took may be there.
    assert 0 < spent["busy"] < 2
