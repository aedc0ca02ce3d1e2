"""Signatures hold as long as nothing that they sign is touched."""

import pytest

from channels.mail import signatures
from channels.mail.signatures import Signature, key_names, verify
from tests.unit.channels.mail.signing import MAIL, pair, signed

LIMIT = 100_000
NAME = "key1._domainkey.example.com"


def result(raw: bytes, keys: dict[str, str] | None = None) -> list[str]:
    known = {NAME: pair()[1]} if keys is None else keys
    return [one.result for one in verify(raw, known, LIMIT)]


def test_an_untouched_mail() -> None:
    raw = signed()
    assert key_names(raw, LIMIT) == (NAME,)
    assert verify(raw, {NAME: pair()[1]}, LIMIT) == (Signature("example.com", "pass"),)


def test_line_ends_make_no_difference() -> None:
    assert result(signed().replace(b"\r\n", b"\n")) == ["pass"]


def test_a_touched_mail() -> None:
    assert result(signed().replace(b"parcel", b"money")) in (["fail"], ["error"])
    assert result(signed().replace(b"Subject: Signed", b"Subject: Forged")) == ["fail"]
    assert result(b"From: other@example.net\r\n" + signed()) == ["fail"]


def test_no_key_or_another() -> None:
    assert result(signed(), {}) in (["fail"], ["error"])
    assert result(signed(), {NAME: "v=DKIM1; k=rsa; p=AAAA"}) in (["fail"], ["error"])
    assert result(signed(), {NAME: ""}) in (["fail"], ["error"])


def test_what_vouches_for_the_beginning_only_vouches_for_nothing() -> None:
    raw = signed(length=True)
    assert result(raw) == ["partial"]
    assert result(raw + b"Send money to this account.\r\n") == ["partial"]


def test_several() -> None:
    raw = signed(signed(), "example.net")
    keys = {NAME: pair()[1]}
    assert verify(raw, keys, LIMIT)[1] == Signature("example.com", "pass")
    assert verify(raw, keys, LIMIT)[0].result != "pass"


def test_of_a_large_mail_those_that_may_matter_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "VERIFIED_BYTES_MAX", 1)
    raw = signed(signed(), "example.net")
    keys = {NAME: pair()[1], "key1._domainkey.example.net": pair()[1]}
    for shown, expected in (("mail.example.com", "example.com"), ("", "example.net"),
                            ("notexample.com", "example.net")):  # fmt: skip
        assert verify(raw, keys, LIMIT, shown) == (Signature(expected, "pass"),)


def test_none_and_nonsense() -> None:
    assert verify(MAIL, {}, LIMIT) == verify(b"", {}, LIMIT) == ()
    for field in (b"DKIM-Signature: ", b"DKIM-Signature: v=1; d=..; s=a", b"DKIM-Signature: d=a b"):
        assert verify(field + b"\r\n" + MAIL, {}, LIMIT) == ()
    broken = b"DKIM-Signature: v=1; a=x; d=example.com; s=key1; l=x; bh=%; b=%; h=from; t=y\r\n"
    assert result(broken + MAIL) == ["error"]


def test_names_are_bounded_and_such_as_dns_has() -> None:
    many = b"".join(b"DKIM-Signature: d=example.com; s=k%d\r\n" % number for number in range(50))
    assert len(key_names(many + MAIL, LIMIT)) == 5
    assert key_names(b"DKIM-Signature: d=exam\xffple.com; s=k\r\n" + MAIL, LIMIT) == ()
    assert key_names(MAIL + b"DKIM-Signature: d=example.com; s=k\r\n", LIMIT) == ()
