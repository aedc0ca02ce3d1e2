"""What is refused or laid aside before it is parsed, and that it costs next to nothing."""

import time
from collections.abc import Callable

import pytest

from channels.mail import guard
from channels.mail.limits import DEFAULT_LIMITS, MailLimits
from channels.mail.parse import read
from channels.mail.parsed import ParsedMail, Quarantined, Refused
from tests import mail_hostility as hostile

CPU_S_MAX = 0.5
"""Asked of any verdict; the slowest takes a tenth of it."""


@pytest.mark.parametrize("name", hostile.REFUSED)
def test_what_is_too_large_is_refused_at_once(name: str) -> None:
    found, cpu_s = _timed(hostile.REFUSED[name])
    assert isinstance(found, Refused)
    assert found.answer.startswith("552 5.3.4 ")
    assert cpu_s < CPU_S_MAX


@pytest.mark.parametrize("name", hostile.QUARANTINED)
def test_what_is_built_to_harm_is_laid_aside_at_once(name: str) -> None:
    found, cpu_s = _timed(hostile.QUARANTINED[name])
    assert isinstance(found, Quarantined)
    assert cpu_s < CPU_S_MAX


SMALL = {
    "mails within one another": lambda: hostile.mails_within(300),
    "comments": lambda: hostile.comments(20_000),
    "words": lambda: hostile.words(2_000),
    "parameters": hostile.parameters,
    "references": hostile.references,
    "signatures": hostile.signatures,
    "deep html": lambda: hostile.html_deep(20_000),
    "open html": lambda: hostile.html_open(100_000),
    "html to mend": lambda: hostile.html_tables(100),
    "introductions": lambda: hostile.introductions(20_000),
    "a long introduction": hostile.introduction_long,
    "padding": lambda: hostile.base64_padding(2 << 20),
    "a long address": hostile.address_long,
    "blanks": hostile.blanks,
    "an empty bounce": hostile.bounce_empty,
    "Chinese introductions": lambda: hostile.introductions_zh(2_000),
    "shifts": lambda: hostile.stateful_text(1 << 18),
}


@pytest.mark.parametrize("name", SMALL)
def test_what_only_looks_dangerous_is_read(name: str) -> None:
    found, cpu_s = _timed(SMALL[name])
    assert isinstance(found, ParsedMail)
    assert cpu_s < 2 * CPU_S_MAX


def _timed(make: Callable[[], bytes]) -> tuple[object, float]:
    raw = make()
    began_s = time.process_time()
    found = read(raw)
    return found, time.process_time() - began_s


def test_time_grows_with_length_only() -> None:
    def cost_s(count: int) -> float:
        raw = hostile.parts(count)
        limits = MailLimits(parts_max=10**9)
        began_s = time.process_time()
        for _ in range(5):
            guard.check(raw, limits)
        return time.process_time() - began_s

    cost_s(100)
    assert cost_s(16_000) < 40 * max(cost_s(2_000), 0.002)


LIMITS = MailLimits(bytes_max=400, header_bytes_max=100, header_fields_max=5, line_bytes_max=60,
                    lines_max=30, parts_max=3, depth_max=2)  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"A: b\n" * 6 + b"\nx", "header fields"),
        (b"A: b\n\n" + b"x" * 61, "line"),
        (b"A: b\n\n" + b"x\n" * 31, "lines"),
        (b"A: b\n\nshort\n" + b"x" * 70 + b"\nshort\n", "line"),
        (b"Content-Type: multipart/x; boundary=b\n\n" + b"--b\n\n" * 4, "parts"),
        (b"Content-Type: multipart/x; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 4, "parts"),
        (b"Content-Type: MULTIPART/x;\n boundary=B\n\n" + b"--B\n\n" * 4, "parts"),
        (b"Content-Type:multipart/x;boundary=b\r\r" + b"--b\r\r" * 4, "parts"),
    ],
)
def test_the_first_beyond_a_limit(raw: bytes, rule: str) -> None:
    found = guard.check(raw, LIMITS)
    assert isinstance(found, Quarantined)
    assert found.rule == rule


@pytest.mark.parametrize(
    "raw",
    [
        b"A: b\n" * 5 + b"\nx",
        b"A: b\n" + b" folded\n" * 8 + b"\nx",
        b"A: b\n\n" + b"x" * 60 + b"\n" + b"x" * 60,
        b"Content-Type: multipart/x; boundary=b\n\n" + b"--b\n\n" * 3 + b"--b--\n",
        b"A: b\n\n" + b"-- not a boundary\n" * 20,
        b"x" * 60 + b"\n" + b"x" * 30,
    ],
)
def test_the_last_within_a_limit(raw: bytes) -> None:
    assert guard.check(raw, LIMITS) is None


def test_lines_times_levels_are_bounded() -> None:
    deep = b"".join(
        b"--d%d\nContent-Type: multipart/x; boundary=d%d\n\n" % (one - 1, one)
        for one in range(1, 20)
    )
    raw = b"Content-Type: multipart/x; boundary=d0\n\n" + deep + b"a\n" * 500_000
    found = guard.check(raw, DEFAULT_LIMITS)
    assert isinstance(found, Quarantined)
    assert found.rule == "work"


def test_types_are_bounded() -> None:
    padded = b"Content-Type: multipart/x; a=" + b"b\n " * 2_000 + b"; boundary=c\n\n--x\n"
    found = guard.check(b"A: b\n\n" + padded * 60, DEFAULT_LIMITS)
    assert isinstance(found, Quarantined)
    assert found.rule == "parts"


def test_siblings_are_not_levels() -> None:
    inner = b"".join(
        b"--o\nContent-Type: multipart/alternative; boundary=i%d\n\n--i%d\n\nx\n--i%d--\n"
        % (number, number, number)
        for number in range(40)
    )
    raw = b"Content-Type: multipart/mixed; boundary=o\n\n" + inner + b"--o--\n"
    assert guard.check(raw, DEFAULT_LIMITS) is None
    assert isinstance(read(raw), ParsedMail)


def test_a_large_mail_is_refused_by_its_size_alone() -> None:
    refused = guard.refused_by_size(401, LIMITS)
    assert refused is not None
    assert "401 bytes" in refused.reason
    assert "400" in refused.reason
    assert guard.refused_by_size(400, LIMITS) is None


def test_nothing_at_all_is_no_mail() -> None:
    found = guard.check(b"", LIMITS)
    assert isinstance(found, Refused)
    assert found.code == 554


@pytest.mark.parametrize(
    ("raw", "end"), [(b"a\n\nb", 2), (b"a\r\n\r\nb", 3), (b"a\r\rb", 2), (b"ab", 2)]
)
def test_where_a_header_ends(raw: bytes, end: int) -> None:
    assert guard.header_end(raw, 10) == end


def test_a_header_that_does_not_end() -> None:
    assert guard.header_end(b"a" * 11, 10) == -1
