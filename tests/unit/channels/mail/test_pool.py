"""Real processes: what a mail does to one of them, the next mail does not notice."""

import asyncio
import os
import signal

import pytest

from channels.mail import pool as pool_module
from channels.mail.limits import MailLimits
from channels.mail.pool import ReaderPool
from channels.mail.signatures import Signature
from domain.errors import LimitExceeded, ReaderGone
from tests import mail_hostility as hostile
from tests.unit.channels.mail.signing import MAIL, pair, signed


async def given(pool: ReaderPool) -> None:
    """Let the tasks run until the process has been given a mail."""
    for _ in range(100):
        if pool._all[0].mails:
            return
        await asyncio.sleep(0)
    raise AssertionError("no mail was given to the process")


async def test_mails_are_read_in_processes_of_their_own() -> None:
    async with ReaderPool(processes=1) as pool:
        keys = {"key1._domainkey.example.com": pair()[1]}
        reply = await pool.read(signed(), keys=keys)
        assert reply.mail is not None
        assert reply.mail.text == "Where is my parcel?"
        assert reply.mail.date is not None
        assert reply.mail.date.tzinfo is not None
        assert reply.signatures == (Signature("example.com", "pass"),)
        refused = await pool.read(b"")
        assert refused.refused is not None
        laid_aside = await pool.read(hostile.parts(1_000))
        assert laid_aside.quarantined is not None
        assert laid_aside.quarantined.rule == "parts"
        assert (pool.replaced, pool.waiting) == (0, 0)


async def test_a_mail_that_ends_its_process_is_laid_aside_and_others_go_on() -> None:
    async with ReaderPool(MailLimits(wall_s_max=30.0), processes=1) as pool:
        process = pool._all[0]
        pid = process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        reading = asyncio.create_task(pool.read(MAIL))
        next_one = asyncio.create_task(pool.read(MAIL))
        await given(pool)
        os.kill(pid, signal.SIGSEGV)
        os.kill(pid, signal.SIGCONT)
        reply = await reading
        assert reply.quarantined is not None
        assert reply.quarantined.rule == "crash"
        assert reply.quarantined.reason.endswith(f"signal {int(signal.SIGSEGV)}")
        assert (await next_one).mail is not None
        assert pool.replaced == 1
        assert process.pid not in {None, pid}


async def test_a_mail_that_stalls_its_process_is_laid_aside_and_others_go_on() -> None:
    async with ReaderPool(MailLimits(wall_s_max=0.05), processes=1) as pool:
        process = pool._all[0]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        reply = await pool.read(MAIL)
        assert reply.quarantined is not None
        assert reply.quarantined.rule == "time"
        assert pool.replaced == 1


async def test_the_kernel_ends_what_takes_too_much_processor_time() -> None:
    limits = MailLimits(cpu_s_max=0, bytes_max=64 << 20, lines_max=10**9)
    async with ReaderPool(limits, processes=1) as pool:
        # A process that has begun has spent part of its first second; the mail takes more.
        reply = await pool.read(hostile.quotes(3_000_000))
        assert reply.quarantined is not None
        assert reply.quarantined.rule == "crash"
        assert reply.quarantined.reason.endswith(f"signal {int(signal.SIGXCPU)}")


async def test_memory_is_bounded() -> None:
    limits = MailLimits(memory_bytes_max=256 << 20, bytes_max=64 << 20, lines_max=10**9)
    async with ReaderPool(limits, processes=1) as pool:
        reply = await pool.read(hostile.quotes(20_000_000))
        assert reply.quarantined is not None
        assert reply.quarantined.rule in {"memory", "crash"}
        assert (await pool.read(MAIL)).mail is not None


async def test_a_process_is_replaced_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAILS_PER_PROCESS", 2)
    async with ReaderPool(processes=1) as pool:
        first = pool._all[0].pid
        await pool.read(MAIL)
        await pool.read(MAIL)
        assert pool._all[0].pid == first
        assert (await pool.read(MAIL)).mail is not None
        assert pool._all[0].pid != first
        assert pool.replaced == 0


async def test_those_who_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "WAITING_MAX", 2)
    async with ReaderPool(processes=1) as pool:
        waiting = [asyncio.create_task(pool.read(MAIL)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(LimitExceeded, match="mails that wait"):
            await pool.read(MAIL)
        assert all(reply.mail for reply in await asyncio.gather(*waiting))


async def test_whoever_goes_away_leaves_nothing_behind() -> None:
    async with ReaderPool(processes=1) as pool:
        reading = asyncio.create_task(pool.read(MAIL))
        await given(pool)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        reply = await pool.read(MAIL.replace(b"Signed", b"Next"))
        assert reply.mail is not None
        assert reply.mail.subject == "Next"


async def test_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MODULE", "channels.mail.nothing")
    with pytest.raises(ReaderGone):
        async with ReaderPool(processes=1):
            pass


def test_the_process_is_given_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_TOKEN", "secret")
    assert "WARMLINE_TOKEN" not in pool_module._environment()
