"""A small right configuration, and ways to make it wrong."""

from pathlib import Path

from config.load import Loaded, load_bytes
from config.mistake import ConfigurationMistakes, Mistake

TOKEN = "0123456789abcdef0123"
ENVIRON = {"TOKEN": TOKEN, "CARRIER": "carrier password"}

RIGHT = """\
sip:
  domain: pbx.example.org
  listen:
    - transport: udp
trunks:
  - id: carrier
    addresses: [192.0.2.10]
agents:
  - id: anna
    name: Anna Berg
    extension: "21"
    skills: {billing: 4}
queues:
  - id: service
    name: Service
    numbers: ["800"]
http:
  token: {env: TOKEN}
"""


def loaded(text: str, folder: Path = Path("/nowhere")) -> Loaded:
    return load_bytes(text.encode(), folder / "site.yaml", environ=ENVIRON)


def mistakes(text: str, folder: Path = Path("/nowhere")) -> list[Mistake]:
    """Return what is wrong with a text; nothing when it can be used."""
    try:
        loaded(text, folder)
    except ConfigurationMistakes as error:
        return list(error.mistakes)
    return []


def told(text: str, folder: Path = Path("/nowhere")) -> list[tuple[int, str]]:
    """Return line and path of every mistake."""
    return [(mistake.line, mistake.path) for mistake in mistakes(text, folder)]


def warned(text: str, folder: Path = Path("/nowhere")) -> list[tuple[int, str]]:
    """Return line and path of every warning."""
    return [(warning.line, warning.path) for warning in loaded(text, folder).warnings]
