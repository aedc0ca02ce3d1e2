"""Softphone passwords in the terms of a configuration: whose they are, and whether they work."""

import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from config.schema import AgentEntry, Configuration
from pbx.sip.digest import ALGORITHMS, ha1
from store.credentials import Softphone, read_softphones

CREDENTIAL_FILE: Final = "softphones.json"

PASSWORD_CHARACTERS_MIN: Final = 12
"""Whoever gets hold of the HA1 can try 10^10 passwords a second with MD5; at twelve random
characters that takes longer than anybody lives."""
PASSWORD_CHARACTERS_MAX: Final = 128
DIFFERENT_CHARACTERS_MIN: Final = 6

GENERATED_CHARACTERS: Final = 20
_ALPHABET: Final = "".join(
    character for character in string.ascii_letters + string.digits if character not in "0O1lI"
)
"""Without the characters that are misread when typed into a telephone; 20 of them are 116 bits."""

_COMMON: Final = (
    "password", "passwort", "qwerty", "asdfgh", "letmein", "welcome", "secret", "admin",
    "asterisk", "warmline", "softphone", "123456", "654321", "abcdef", "111111", "000000",
)  # fmt: skip


class SoftphoneState(StrEnum):
    """Whether an agent's telephone can register."""

    SET = "set"
    MISSING = "missing"
    OTHER_DOMAIN = "other domain"
    OTHER_EXTENSION = "other extension"
    FIXED = "fixed contact"
    NO_AGENT = "no such agent"

    @property
    def explained(self) -> str:
        """Say in a clause what that means."""
        return _EXPLAINED[self]


_EXPLAINED: Final[Mapping[SoftphoneState, str]] = {
    SoftphoneState.SET: "the password is set",
    SoftphoneState.MISSING: "no password is set, so the telephone cannot register",
    SoftphoneState.OTHER_DOMAIN: "the password was set for another sip.domain and no longer works",
    SoftphoneState.OTHER_EXTENSION: "the password was set for another extension",
    SoftphoneState.FIXED: "the telephone has a fixed contact and does not register",
    SoftphoneState.NO_AGENT: "the agent is no longer in the configuration",
}


def credential_path(configuration: Configuration) -> Path:
    """Return where the softphone passwords are kept."""
    return configuration.node.data_folder / CREDENTIAL_FILE


def softphone(
    configuration: Configuration, agent: AgentEntry, password: str, now: datetime
) -> Softphone:
    """Return what is stored for an agent's password.

    A telephone may log in with the agent's id or his extension and with any algorithm we offer,
    and every HA1 is of one name and one algorithm.
    """
    realm = configuration.sip.domain
    return Softphone(
        realm=realm,
        set_at=now,
        ha1={
            name: {algorithm: ha1(name, realm, password, algorithm) for algorithm in ALGORITHMS}
            for name in (agent.id, agent.extension)
        },
    )


def softphone_states(configuration: Configuration) -> dict[str, SoftphoneState]:
    """Return how it stands with every agent, and with who is stored but is none any more.

    Raises:
        StoreError: The file cannot be read.
    """
    stored = read_softphones(credential_path(configuration))
    states = {}
    for agent in configuration.agents:
        states[agent.id] = _state(agent, stored.get(agent.id), configuration.sip.domain)
    for agent_id in stored:
        states.setdefault(agent_id, SoftphoneState.NO_AGENT)
    return states


def _state(agent: AgentEntry, stored: Softphone | None, realm: str) -> SoftphoneState:
    if agent.contact is not None:
        return SoftphoneState.FIXED
    if stored is None:
        return SoftphoneState.MISSING
    if stored.realm != realm:
        return SoftphoneState.OTHER_DOMAIN
    if not {agent.id, agent.extension} <= stored.ha1.keys():
        return SoftphoneState.OTHER_EXTENSION
    return SoftphoneState.SET


def generated_password() -> str:
    """Return a new random password."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(GENERATED_CHARACTERS))


def weakness(password: str, agent: AgentEntry) -> str | None:
    """Return why a password is not taken; None when it is good enough."""
    low = password.lower()
    different = len(set(password))
    names = (agent.id, agent.extension, *agent.name.lower().split())
    rules = (
        (
            len(password) < PASSWORD_CHARACTERS_MIN,
            f"{len(password)} characters; at least {PASSWORD_CHARACTERS_MIN} are needed",
        ),
        (
            len(password) > PASSWORD_CHARACTERS_MAX,
            f"{len(password)} characters; at most {PASSWORD_CHARACTERS_MAX} are allowed",
        ),
        (
            # Telephones differ in how they encode other characters: the digest would not match.
            not (password.isascii() and password.isprintable()),
            "only printable ASCII characters work on every telephone",
        ),
        (
            different < DIFFERENT_CHARACTERS_MIN,
            f"{different} different characters; at least {DIFFERENT_CHARACTERS_MIN} are needed",
        ),
        (
            any(len(name) >= 2 and name in low for name in names),
            "it contains the agent's id, extension or name",
        ),
        (
            any(word in low for word in _COMMON),
            "it contains a word or series that everybody tries first",
        ),
    )
    return next((reason for broken, reason in rules if broken), None)
