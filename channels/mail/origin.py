"""Evidence of where a mail comes from: SPF, DKIM, and DMARC, which asks whether they speak of From.

What a customer sees as the sender is From alone. SPF vouches for the envelope, DKIM for whoever
signs: only where one of them passes for the domain in From is the sender proved (RFC 7489).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from channels.mail import sender_policy
from channels.mail.parsed import Envelope, MailAddress, ParsedMail
from channels.mail.resolver import LookupFailed, Resolver
from channels.mail.signatures import Signature
from domain.proof import Proof

CHECKS_MAX: Final = 16
"""Mails whose senders are asked about at once; more wait."""
_RESULT: Final = re.compile(
    r"\b(spf|dkim|dmarc)\s*=\s*([a-z]+)((?:\s+(?:\([^()]*\)|[a-z]+\.[\w-]+\s*=\s*[^\s;]+))*)",
    re.IGNORECASE,
)
_PROPERTY: Final = re.compile(r"([a-z]+\.[\w-]+)\s*=\s*([^\s;]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginEvidence:
    """What speaks for the sender of a mail.

    Attributes:
        spf: Result by RFC 7208 section 2.6.
        spf_domain: Whom it vouches for.
        dkim: Domains whose signatures hold.
        dmarc: "pass", "fail", "none" (the domain has no policy) or "temperror".
        policy: What the domain asks to be done with mails that fail: "none", "quarantine",
            "reject", or "" without a policy.
        from_domain: Of the one address in From; "" where there is none or several.
        checked_by: "" we ourselves, else the id of the server that is believed.
    """

    spf: str = "none"
    spf_domain: str = ""
    dkim: tuple[str, ...] = ()
    dmarc: str = "none"
    policy: str = ""
    from_domain: str = ""
    checked_by: str = ""

    def proof(self) -> Proof:
        """Return what this proves of the sender."""
        if not self.from_domain:
            return Proof.NONE
        if self.dmarc == "pass":
            return Proof.PROVED
        if self.dmarc == "fail" and self.policy in {"quarantine", "reject"}:
            return Proof.SUSPECTED
        return Proof.PRESENTED

    def fields(self) -> Mapping[str, str]:
        """Return it as names and values, to be kept with the message."""
        said = {
            "spf": self.spf,
            "spf-domain": self.spf_domain,
            "dkim": " ".join(self.dkim),
            "dmarc": self.dmarc,
            "dmarc-policy": self.policy,
            "from-domain": self.from_domain,
            "checked-by": self.checked_by,
        }
        return {name: value for name, value in said.items() if value}


class OriginCheck:
    """Gathers the evidence; bounded in time and number."""

    def __init__(self, resolver: Resolver, *, authserv_id: str = "") -> None:
        """Prepare.

        Args:
            resolver: Whom DNS is asked.
            authserv_id: Of a server of ours before this one that has checked already and takes
                away what others write in its name (RFC 8601 section 5); "": we check ourselves.
        """
        self._resolver: Final = resolver
        self._authserv_id: Final = authserv_id.lower()
        self._free: Final = asyncio.Semaphore(CHECKS_MAX)
        _public_suffixes()

    async def keys(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the records under the names of DKIM keys; those that there are."""

        async def one(name: str) -> str | None:
            try:
                found = await self._resolver.records(name, "TXT")
            except LookupFailed:
                return None
            return next((record for record in found if "p=" in record), None)

        unique = list(dict.fromkeys(names))
        async with self._free:
            records = await asyncio.gather(*(one(name) for name in unique))
        return {
            name: record for name, record in zip(unique, records, strict=True) if record is not None
        }

    def believes(self, mail: ParsedMail) -> OriginEvidence | None:
        """Return what the server before us has found; None: it is not believed, or silent."""
        if not self._authserv_id:
            return None
        return upstream(
            mail.headers.get("authentication-results", ""), self._authserv_id, from_domain(mail)
        )

    async def evidence(
        self, mail: ParsedMail, envelope: Envelope, signatures: Sequence[Signature]
    ) -> OriginEvidence:
        """Return the evidence of a mail.

        Args:
            mail: As it was read.
            envelope: How it came.
            signatures: Its DKIM signatures, verified.
        """
        believed = self.believes(mail)
        if believed is not None:
            return believed
        domain = from_domain(mail)
        async with self._free:
            spf = await sender_policy.check(envelope, self._resolver)
            policy = await _policy(domain, self._resolver) if domain else Policy()
        signers = tuple(one.domain for one in signatures if one.result == "pass")
        spf_domain = sender_policy.checked_domain(envelope) if spf == "pass" else ""
        passes = any(aligned(one, domain, strict=policy.strict_dkim) for one in signers) or (
            bool(spf_domain) and aligned(spf_domain, domain, strict=policy.strict_spf)
        )
        dmarc = policy.problem or ("none" if not policy.asks else "pass" if passes else "fail")
        # An answer that did not come may have been the one that vouches.
        if dmarc == "fail" and spf == "temperror":
            dmarc = "temperror"
        return OriginEvidence(
            spf=spf, spf_domain=spf_domain, dkim=tuple(dict.fromkeys(signers)),
            dmarc=dmarc, policy=policy.asks, from_domain=domain,
        )  # fmt: skip


def from_domain(mail: ParsedMail) -> str:
    """Return the domain in From; "" where the mail names nobody, or several."""
    sender: MailAddress | None = mail.sender
    return ascii_name(sender.domain) if sender is not None else ""


def ascii_name(domain: str) -> str:
    """Return a domain as DNS has it; "" when it can be none."""
    plain = domain.strip().rstrip(".").lower()
    if len(plain) > 253:
        return ""
    try:
        return plain if plain.isascii() else plain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def organisation(domain: str) -> str:
    """Return the domain that was registered: what stands before a public suffix and one label."""
    return _public_suffixes().privatesuffix(domain) or domain


def aligned(domain: str, shown: str, *, strict: bool) -> bool:
    """Tell whether what was vouched for is what is shown (RFC 7489 section 3.1)."""
    one, other = ascii_name(domain), ascii_name(shown)
    if not one or not other:
        return False
    return one == other if strict else organisation(one) == organisation(other)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain publishes for DMARC.

    Attributes:
        asks: "none", "quarantine", "reject"; "" where it publishes nothing.
        problem: "temperror" where nobody could say; "" otherwise.
    """

    asks: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False
    problem: str = ""


def read_policy(record: str, *, for_subdomain: bool) -> Policy | None:
    """Return what a record asks for; None: it is none of DMARC (RFC 7489 section 6.3)."""
    parts = (piece.partition("=") for piece in record.split(";")[:50])
    tags = {name.strip().lower(): value.strip() for name, _, value in parts}
    if tags.get("v") != "DMARC1" or not record.lstrip().lower().startswith("v"):
        return None
    asks = tags.get("p", "none").lower()
    if for_subdomain:
        asks = tags.get("sp", asks).lower()
    return Policy(
        asks=asks if asks in {"none", "quarantine", "reject"} else "none",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
    )


async def _policy(domain: str, resolver: Resolver) -> Policy:
    registered = organisation(domain)
    for name in dict.fromkeys((domain, registered)):
        try:
            records = await resolver.records(f"_dmarc.{name}", "TXT")
        except LookupFailed:
            return Policy(problem="temperror")
        found = [
            policy
            for record in records
            if (policy := read_policy(record, for_subdomain=name != domain)) is not None
        ]
        # Several are as good as none (RFC 7489 section 6.6.3).
        if len(found) == 1:
            return found[0]
    return Policy()


def upstream(field: str, authserv_id: str, shown: str) -> OriginEvidence | None:
    """Return what the topmost Authentication-Results says; None: it is not of that server.

    Args:
        field: Its value (RFC 8601 section 2.2).
        authserv_id: Whom we believe.
        shown: The domain in From; results for another say nothing.
    """
    head, _, rest = field.partition(";")
    named = head.split()
    if not named or named[0].lower() != authserv_id.lower():
        return None
    spf, spf_domain, dmarc, policy = "none", "", "none", ""
    signers: list[str] = []
    for method, result, said in _RESULT.findall(rest):
        found = {name.lower(): value for name, value in _PROPERTY.findall(said)}
        if method.lower() == "spf":
            spf = result.lower()
            spf_domain = found.get("smtp.mailfrom", "").rpartition("@")[2].lower()
        elif method.lower() == "dkim" and result.lower() == "pass":
            signers.append(found.get("header.d", "").lower())
        elif method.lower() == "dmarc":
            dmarc = result.lower()
            asked = re.search(r"\bp\s*=\s*(none|quarantine|reject)", said, re.IGNORECASE)
            policy = asked[1].lower() if asked else ""
            if ascii_name(found.get("header.from", shown)) != shown:
                dmarc = "none"
    return OriginEvidence(
        spf=spf if spf in sender_policy.RESULTS else "none",
        spf_domain=spf_domain,
        dkim=tuple(filter(None, dict.fromkeys(signers))),
        dmarc=dmarc if dmarc in {"pass", "fail", "none", "temperror"} else "none",
        policy=policy,
        from_domain=shown,
        checked_by=authserv_id,
    )


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()
