"""Who is it: a trunk by its address, a trunk or an agent by digest, or nobody."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from config.schema import Sip, Trunk
from domain.errors import ConfigurationError
from domain.ports import Clock, CredentialSource
from pbx.edge.admission import Admission
from pbx.edge.dialogs import Owner
from pbx.edge.message import Message
from pbx.sip.digest import DigestReason, DigestVerifier, ha1

CREDENTIALS_MAX: Final = 4
"""Credentials looked at in one request; a telephone sends one for each realm it knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody was proved.

    Attributes:
        challenges: Header values to answer with; empty: do not answer, the source is banned.
    """

    challenges: tuple[str, ...]


class Gate:
    """Digest over the agents' and the trunks' passwords, and what follows from a failure."""

    def __init__(
        self,
        *,
        settings: Sip,
        admission: Admission,
        credentials: CredentialSource,
        clock: Clock,
        secret: bytes | None = None,
    ) -> None:
        """Make a gate that knows the agents; trunks come by `reload`."""
        self._realm = settings.domain
        self._admission = admission
        self._credentials = credentials
        self._trunks: dict[str, Trunk] = {}
        self._trunk_passwords: dict[str, str] = {}
        self._verifier = DigestVerifier(
            realm=settings.domain,
            clock=clock,
            nonce_lifetime_s=settings.registrar.nonce_lifetime_s,
            lookup=self._ha1,
            secret=secret,
            algorithms=settings.digest_algorithms,
        )

    def reload(self, trunks: Iterable[Trunk]) -> None:
        """Take other trunks. One whose password cannot be read can bring no calls by digest."""
        self._trunks = {trunk.id: trunk for trunk in trunks}
        self._trunk_passwords = {}
        for trunk in self._trunks.values():
            if trunk.digest is not None:
                try:
                    self._trunk_passwords[trunk.digest.username] = trunk.digest.password.read()
                except ConfigurationError:
                    continue

    def trunk_owner(self, trunk_id: str) -> Owner:
        """Return a trunk as the owner of a dialog."""
        trunk = self._trunks.get(trunk_id)
        return Owner(trunk_id=trunk_id, networks=tuple(trunk.addresses) if trunk else ())

    def prove(self, message: Message, host: str, now_s: float) -> Owner | Unknown:
        """Judge the credentials of a request."""
        stale = False
        values = [
            value
            for name, value in message.lines
            if name in ("Proxy-Authorization", "Authorization")
        ][:CREDENTIALS_MAX]
        for value in values:
            verdict = self._verifier.verify(value, message.method, message.uri, source=host)
            if verdict.reason is DigestReason.REALM:
                continue
            if verdict.username is not None:
                owner = self._owner(verdict.username, host)
                if owner is not None:
                    self._admission.succeeded(host, now_s=now_s)
                    return owner
            elif verdict.reason is DigestReason.REJECTED and self._admission.failed(
                host, now_s=now_s
            ):
                return Unknown(challenges=())
            stale = stale or verdict.stale
        return Unknown(challenges=self._verifier.challenges(stale=stale, source=host))

    def agent_id(self, username: str) -> str | None:
        """Return whose name that is; None for nobody's."""
        return self._credentials.agent_id(username)

    def _owner(self, username: str, host: str) -> Owner | None:
        agent_id = self._credentials.agent_id(username)
        if agent_id is not None:
            return Owner(agent_id=agent_id)
        trunk_id = self._admission.trunk_for(username, host)
        return self.trunk_owner(trunk_id) if trunk_id is not None else None

    def _ha1(self, username: str, algorithm: str) -> str | None:
        known = self._credentials.ha1(username, algorithm)
        if known is not None:
            return known
        password = self._trunk_passwords.get(username)
        return ha1(username, self._realm, password, algorithm) if password is not None else None
