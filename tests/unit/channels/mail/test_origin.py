"""A sender is proved only by what speaks of the domain that he shows."""

from typing import Any

import pytest

from channels.mail import sender_policy
from channels.mail.origin import OriginCheck, OriginEvidence, aligned, read_policy, upstream
from channels.mail.parse import read
from channels.mail.parsed import Envelope, ParsedMail
from channels.mail.signatures import Signature, key_names, verify
from domain.proof import Proof
from tests.unit.channels.mail.dns_double import Names
from tests.unit.channels.mail.signing import MAIL, pair, signed

REJECT = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"]}
SPF = {("bounces.example.com", "TXT"): ["v=spf1 ip4:192.0.2.0/24 -all"]}
KEY = {("key1._domainkey.example.com", "TXT"): [pair()[1]]}


def envelope(sender: str | None = "b@bounces.example.com", ip: str = "192.0.2.7") -> Envelope:
    return Envelope(
        sender=sender, recipients=("support@example.org",), client_ip=ip, helo="mx.example.net"
    )


def mail(raw: bytes = MAIL) -> ParsedMail:
    found = read(raw)
    assert isinstance(found, ParsedMail)
    return found


async def evidence(records: dict[tuple[str, str], list[str]], raw: bytes = MAIL,
                   env: Envelope | None = None, **more: Any) -> OriginEvidence:  # fmt: skip
    names = Names(records, **more)
    check = OriginCheck(names)
    keys = await check.keys(key_names(raw, 100_000))
    return await check.evidence(mail(raw), env or envelope(), verify(raw, keys, 100_000))


async def test_spf_that_is_aligned_proves() -> None:
    found = await evidence({**REJECT, **SPF})
    assert found == OriginEvidence(
        spf="pass", spf_domain="bounces.example.com", dmarc="pass", policy="reject",
        from_domain="mail.example.com",
    )  # fmt: skip
    assert found.proof() is Proof.PROVED
    assert found.fields() == {
        "spf": "pass", "spf-domain": "bounces.example.com", "dmarc": "pass",
        "dmarc-policy": "reject", "from-domain": "mail.example.com",
    }  # fmt: skip


async def test_a_signature_that_is_aligned_proves() -> None:
    found = await evidence({**REJECT, **KEY}, signed(), envelope("x@example.net", "198.51.100.1"))
    assert (found.dkim, found.dmarc, found.proof()) == (("example.com",), "pass", Proof.PROVED)


async def test_what_passes_for_somebody_else_proves_nothing() -> None:
    other = {("example.net", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"]}
    found = await evidence({**REJECT, **other}, env=envelope("x@example.net"))
    assert (found.spf, found.dmarc, found.proof()) == ("pass", "fail", Proof.SUSPECTED)


async def test_a_domain_that_asks_for_nothing_is_presented() -> None:
    monitor = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"]}
    assert (await evidence(monitor)).proof() is Proof.PRESENTED
    found = await evidence({})
    assert (found.dmarc, found.policy, found.proof()) == ("none", "", Proof.PRESENTED)


async def test_strict_alignment_wants_the_same_name() -> None:
    strict = {("_dmarc.mail.example.com", "TXT"): ["v=DMARC1; p=reject; aspf=s; adkim=s"]}
    assert (await evidence({**strict, **SPF, **KEY}, signed())).dmarc == "fail"
    same = {("mail.example.com", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"]}
    found = await evidence({**strict, **same}, env=envelope("a@mail.example.com"))
    assert found.dmarc == "pass"


async def test_a_policy_for_subdomains() -> None:
    sub = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject; sp=none"]}
    found = await evidence(sub)
    assert (found.dmarc, found.policy, found.proof()) == ("fail", "none", Proof.PRESENTED)


async def test_silence_is_no_failure() -> None:
    found = await evidence(REJECT, silent=["bounces.example.com"])
    assert (found.spf, found.dmarc, found.proof()) == ("temperror", "temperror", Proof.PRESENTED)
    found = await evidence({}, silent=["_dmarc.mail.example.com"])
    assert found.dmarc == "temperror"
    found = await evidence({}, signed(), silent=["key1._domainkey.example.com"])
    assert found.dkim == ()


async def test_several_senders_prove_nothing() -> None:
    raw = MAIL.replace(b"To:", b"From: x@bounces.example.com\r\nTo:")
    found = await evidence({**REJECT, **SPF}, raw)
    assert (found.from_domain, found.proof()) == ("", Proof.NONE)


async def test_by_imap_nobody_knows_the_client() -> None:
    found = await evidence({**REJECT, **KEY}, signed(), envelope(None, ""))
    assert (found.spf, found.dmarc) == ("none", "pass")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 -all", "fail"),
        ("v=spf1 ~all", "softfail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 include:_spf.example.net -all", "pass"),
        ("v=spf1 a:mx.example.net -all", "pass"),
        ("v=spf1 mx:example.net -all", "pass"),
        ("v=spf1 redirect=_spf.example.net", "pass"),
        ("v=spf1 ip4:nonsense -all", "permerror"),
        (
            "v=spf1 a:n1.example.net a:n2.example.net a:n3.example.net a:n4.example.net -all",
            "permerror",
        ),
        ("v=spf1 include:loop.example.net -all", "permerror"),
        ("v=spf1 exists:%{i}.%{bad -all", "permerror"),
        ("\udcff", "none"),
    ],
)
async def test_what_spf_says(record: str, expected: str) -> None:
    names = Names({
        ("bounces.example.com", "TXT"): [record.encode("utf-8", "replace").decode()],
        ("_spf.example.net", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"],
        ("mx.example.net", "A"): ["192.0.2.7"],
        ("example.net", "MX"): ["mx.example.net"],
        ("loop.example.net", "TXT"): ["v=spf1 include:loop.example.net -all"],
    })  # fmt: skip
    assert await sender_policy.check(envelope(), names) == expected
    assert len(names.asked) < 40


async def test_a_bounce_is_judged_by_its_server() -> None:
    names = Names({("mx.example.net", "TXT"): ["v=spf1 ip4:192.0.2.7 -all"]})
    assert await sender_policy.check(envelope(""), names) == "pass"
    assert sender_policy.checked_domain(envelope("")) == "mx.example.net"


async def test_a_client_without_an_address() -> None:
    assert await sender_policy.check(envelope(ip="not an address"), Names({})) == "permerror"


def test_alignment_ends_at_the_public_suffix() -> None:
    assert aligned("a.example.co.uk", "b.example.co.uk", strict=False)
    assert not aligned("one.co.uk", "two.co.uk", strict=False)
    assert not aligned("a.example.com", "example.com", strict=True)
    assert aligned("例子.example", "xn--fsqu00a.example", strict=True)
    assert not aligned("", "", strict=False)


@pytest.mark.parametrize("record", ["", "v=spf1 -all", "p=reject; v=DMARC1", "v=DMARC2; p=none"])
def test_what_is_no_policy(record: str) -> None:
    assert read_policy(record, for_subdomain=False) is None


def test_a_policy_that_asks_for_nonsense_asks_for_nothing() -> None:
    found = read_policy("v=DMARC1; p=burn", for_subdomain=False)
    assert found is not None
    assert found.asks == "none"


AR = (
    "mx.example.org; spf=pass smtp.mailfrom=b@bounces.example.com; "
    "dkim=pass (good) header.d=example.com; dmarc=pass (p=reject) header.from=mail.example.com"
)


def test_a_server_before_us_is_believed_by_its_name() -> None:
    found = upstream(AR, "MX.example.org", "mail.example.com")
    assert found is not None
    assert (found.spf, found.spf_domain, found.dkim) == (
        "pass",
        "bounces.example.com",
        ("example.com",),
    )
    assert (found.dmarc, found.policy, found.proof()) == ("pass", "reject", Proof.PROVED)
    assert upstream(AR, "mx.example.net", "mail.example.com") is None
    assert upstream("", "mx.example.org", "mail.example.com") is None


def test_what_it_says_of_another_sender_says_nothing() -> None:
    found = upstream(AR, "mx.example.org", "victim.example")
    assert found is not None
    assert found.proof() is Proof.PRESENTED


async def test_only_the_topmost_is_believed() -> None:
    names = Names({})
    check = OriginCheck(names, authserv_id="mx.example.org")
    top = b"Authentication-Results: " + AR.encode() + b"\r\n"
    other = b"Authentication-Results: mx.example.net; dmarc=none\r\n"
    found = await check.evidence(mail(top + other + MAIL), envelope(), ())
    assert found.checked_by == "mx.example.org"
    assert names.asked == []
    found = await check.evidence(
        mail(other + top + MAIL), envelope(), [Signature("x.example", "fail")]
    )
    assert (found.checked_by, found.proof()) == ("", Proof.PRESENTED)
