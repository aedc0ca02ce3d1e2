"""The values that a configuration file may hold: which texts are a number, an address, a path.

Each says in words what is allowed; mistakes, editors and docs/configuration.md show those words.
"""

import ipaddress
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

import sipmessage
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema


def rule(text: str) -> dict[str, str]:
    """Say a pattern in words; editors show this text too."""
    return {"patternErrorMessage": text}


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(str(error)) from None


def _address(value: str) -> str:
    return str(ipaddress.ip_address(value))


def _reachable_address(value: str) -> str:
    address = ipaddress.ip_address(value)
    if address.is_unspecified or address.is_multicast:
        raise ValueError("others cannot send to this address")
    return str(address)


def _sip_uri(value: str) -> str:
    uri = sipmessage.URI.parse(value)
    if uri.scheme != "sip":
        raise ValueError("only sip: URIs are called")
    if not uri.user:
        raise ValueError("the part before the @ is missing")
    if uri.password is not None:
        raise ValueError("a password in a URI would be seen by everyone on the way")
    if uri.port is not None and not 1 <= uri.port <= 65_535:
        raise ValueError(f"port {uri.port} is not from 1 to 65535")
    return value


def _in_folder_of_the_file(value: Path, info: ValidationInfo) -> Path:
    """Take a relative path as relative to the YAML file, whatever the working folder is."""
    folder = (info.context or {}).get("folder")
    return value if folder is None else Path(folder) / value.expanduser()


Identifier = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        json_schema_extra=rule(
            "1 to 63 of the characters a-z, 0-9, - and _, beginning with a letter or a digit"
        ),
    ),
]
Extension = Annotated[str, Field(pattern=r"^[0-9]{2,8}$", json_schema_extra=rule("2 to 8 digits"))]
Number = Annotated[
    str,
    Field(
        pattern=r"^\+?[A-Za-z0-9*#._-]{1,63}$",
        json_schema_extra=rule(
            "a number as it is dialled, such as +4930123456 or 800: an optional + and"
            " 1 to 63 of the characters 0-9, A-Z, a-z, *, #, ., - and _"
        ),
    ),
]
Host = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        json_schema_extra=rule("a host name or an IPv4 address, without a port"),
    ),
]
PromptName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$",
        json_schema_extra=rule(
            "the name of a WAV file without folder, language and ending, such as greeting"
        ),
    ),
]
Address = Annotated[
    str,
    AfterValidator(_address),
    Field(json_schema_extra=rule("an IPv4 or IPv6 address of this machine, or 0.0.0.0 or ::")),
]
ReachableAddress = Annotated[
    str,
    AfterValidator(_reachable_address),
    Field(json_schema_extra=rule("an IPv4 or IPv6 address that others can send to")),
]
SipUri = Annotated[
    str,
    AfterValidator(_sip_uri),
    Field(json_schema_extra=rule("a sip: URI with a user part, such as sip:21@10.0.0.5:5060")),
]
FilePath = Annotated[
    Path,
    AfterValidator(_in_folder_of_the_file),
    Field(json_schema_extra=rule("a path; a relative one begins at this file's folder")),
]
TimeOfDay = Annotated[
    str,
    Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        json_schema_extra=rule("a time of day in quotes, 00:00 to 23:59"),
    ),
]
Port = Annotated[int, Field(ge=1, le=65535)]
PortOrFree = Annotated[int, Field(ge=0, le=65535)]
Proficiency = Annotated[int, Field(ge=1, le=5)]
Language = Literal["en", "zh"]
LanguageTag = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        json_schema_extra=rule("a BCP 47 language tag such as en, zh, fr or zh-Hant-TW"),
    ),
]
Network = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(_network),
    WithJsonSchema(
        {
            "type": "string",
            "patternErrorMessage": "an IP address or a network such as 192.0.2.0/24",
        }
    ),
]
