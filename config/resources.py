"""Whether what a configuration names outside itself is there and large enough.

Ports, certificates, secrets and prompts.
"""

import ssl
import stat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from config.document import Keys
from config.document import Mapping as MappingBranch
from config.explain import known_keys, nearest
from config.prompts import PromptLibrary
from config.review import Review
from config.schema import PORTS_PER_CELL, Cells, Prompts, Rtp, SipListen
from config.secret import Secret
from domain.errors import ConfigurationError

TOKEN_CHARACTERS_MIN: Final = 16
"""At random letters and digits these are 95 bits; guessing over HTTP is hopeless."""


def check(review: Review) -> None:
    """Run every check of this file."""
    listeners(review)
    media_ports(review)
    cells(review)
    secrets(review)
    store_url(review)
    prompts(review)


def listeners(review: Review) -> None:
    """Refuse TLS without a usable certificate, and one socket asked for twice."""
    default = SipListen()
    first: dict[tuple[str, str, int], Keys] = {}
    for item in review.items("sip", "listen"):
        transport = review.text(*item, "transport") or default.transport
        if transport == "tls":
            certificate(review, item)
        else:
            for field in ("certificate", "private_key"):
                if review.text(*item, field) is not None:
                    review.warn((*item, field), f"a file beside {transport}", "only with tls")
        port = review.whole(default.port, *item, "port")
        if not port:
            continue
        # TLS runs over TCP, so the two cannot share a port.
        layer = "udp" if transport == "udp" else "tcp"
        socket = (layer, review.text(*item, "address") or default.address, port)
        earlier = first.setdefault(socket, item)
        if earlier != item:
            review.refuse(
                item,
                f"{layer} {socket[1]} port {port} a second time",
                "each address and port once",
                f"the first is on line {review.line(earlier)}",
            )


def media_ports(review: Review) -> None:
    """Refuse a media range that is turned round, too small or in the way of SIP."""
    default = Rtp()
    low = review.whole(default.port_min, "rtp", "port_min")
    high = review.whole(default.port_max, "rtp", "port_max")
    calls = review.whole(Cells().max, "cells", "max")
    if low is None or high is None:
        return
    if low >= high:
        review.refuse(("rtp", "port_max"), f"{high}", f"more than port_min, {low}")
        return
    ports = high - low + 1
    if calls is not None and ports < calls * PORTS_PER_CELL:
        review.refuse(
            ("rtp", "port_max"),
            f"a range of {ports} ports",
            f"at least {calls * PORTS_PER_CELL} ports for cells.max {calls}, {PORTS_PER_CELL} each",
            f"port_max {low + calls * PORTS_PER_CELL - 1}"
            if low + calls * PORTS_PER_CELL <= 65_536
            else f"or cells.max {ports // PORTS_PER_CELL}",
        )
    for item in review.items("sip", "listen"):
        transport = review.text(*item, "transport") or "udp"
        port = review.whole(SipListen().port, *item, "port")
        if transport == "udp" and port and low <= port <= high:
            keys = (*item, "port")
            review.refuse(keys, f"{port}", f"a port outside of rtp, {low} to {high}")


def cells(review: Review) -> None:
    """Refuse a reserve that is larger than the whole."""
    warm = review.whole(Cells().warm, "cells", "warm")
    most = review.whole(Cells().max, "cells", "max")
    if warm is not None and most is not None and warm > most:
        review.refuse(("cells", "warm"), f"{warm}", f"at most cells.max, {most}")


def secrets(review: Review) -> None:
    """Refuse a secret that is missing, or a token that could be guessed."""
    for item in review.items("trunks"):
        secret_value(review, (*item, "digest", "password"))
        secret_value(review, (*item, "outbound", "digest", "password"))
    for field in known_keys(("http",)):
        if field.endswith("token"):
            _token(review, ("http", field))


def store_url(review: Review) -> None:
    """Refuse a password in the database's URL: the YAML holds no secrets."""
    url = review.text("store", "url")
    if url is None:
        return
    try:
        password = urlsplit(url).password
    except ValueError:
        review.refuse(("store", "url"), "something that is no URL", "an SQLAlchemy URL")
        return
    if password is not None:
        review.refuse(
            ("store", "url"),
            "a URL with a password",
            "a URL without one",
            "PostgreSQL takes it from PGPASSWORD or a file named by PGPASSFILE",
        )


def prompts(review: Review) -> None:
    """Refuse a prompt without a WAV file, and an operator's file that cannot be played."""
    folder = review.file_at("prompts", "folder")
    if folder is not None and not folder.is_dir():
        review.refuse(("prompts", "folder"), f"{str(folder)!r}", "a folder that is there")
        folder = None
    library = PromptLibrary(folder)
    for problem in library.problems():
        review.refuse(("prompts", "folder"), str(problem), "mono 16 bit WAV at 8,000 a second")
    default = Prompts()
    for item in review.items("queues"):
        language = review.text(*item, "language") or "en"
        if language not in library.languages:
            continue
        for field in Prompts.model_fields:
            keys = (*item, "prompts", field)
            standing = review.document.at(keys)
            name = getattr(default, field) if standing is None else review.text(*keys)
            if name is None:
                continue
            if library.path(name, language) is None:
                meant = nearest(name, library.names(language))
                review.refuse(
                    keys,
                    f"{name!r}, of which there is no WAV file in {language}",
                    f"a file {language}/NAME.wav or NAME.wav in prompts.folder, or one of ours",
                    f"did you mean {meant}?" if meant else "",
                )


def secret_value(review: Review, keys: Keys) -> str | None:
    """Return what a secret holds; None: it was refused, stands nowhere or is not looked up."""
    branch = review.document.at(keys)
    if not isinstance(branch, MappingBranch):
        return None
    env, file = review.text(*keys, "env"), review.file_at(*keys, "file")
    if (env is None) == (file is None):
        found = "neither env nor file" if env is None else "both env and file"
        review.refuse(keys, found, "exactly one of env and file")
        return None
    if review.environ is None:
        return None
    try:
        value = Secret(env=env, file=file).read(review.environ)
    except ConfigurationError as error:
        field = "env" if file is None else "file"
        review.refuse((*keys, field), str(error), "a secret that is there")
        return None
    except ValueError:
        return None  # Such as an empty name, which the schema has refused.
    if file is not None and file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        review.warn((*keys, "file"), f"{str(file)!r}, open to every user", "mode 0600 or 0640")
    return value


def _token(review: Review, keys: Keys) -> None:
    token = secret_value(review, keys)
    if token is None:
        return
    if len(token) < TOKEN_CHARACTERS_MIN:
        review.refuse(
            keys,
            f"a token of {len(token)} characters",
            f"at least {TOKEN_CHARACTERS_MIN} characters",
            "make one with: openssl rand -hex 24",
        )
    elif not (token.isascii() and token.isprintable() and " " not in token):
        # RFC 6750 section 2.1: a bearer token is made of visible ASCII characters.
        review.refuse(
            keys,
            "a token with other characters than visible ASCII ones",
            "visible ASCII characters",
        )


def certificate(review: Review, item: Keys, asker: str = "tls") -> None:
    """Refuse a certificate or key that is missing, unreadable or does not match the other.

    Args:
        review: Where it is noted.
        item: The section that names `certificate` and `private_key`.
        asker: What needs them.
    """
    files: dict[str, Path] = {}
    for field in ("certificate", "private_key"):
        keys = (*item, field)
        path = review.file_at(*keys)
        if path is None:
            review.refuse(keys, f"{asker} without {field}", "a PEM file")
        elif not path.is_file():
            review.refuse(keys, f"{str(path)!r}, which is no file", "a PEM file")
        else:
            files[field] = path
    if len(files) < 2:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # The password keeps OpenSSL from asking at the terminal when the key is encrypted.
        context.load_cert_chain(files["certificate"], files["private_key"], password=lambda: "-")
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).lower().replace("_", " ")
        review.refuse(
            (*item, "certificate"),
            f"a certificate and private key that OpenSSL refuses: {reason}",
            "a certificate with its own unencrypted private key",
        )
    except OSError as error:
        found = f"a certificate or private key that cannot be read: {error.strerror}"
        review.refuse((*item, "certificate"), found, "files that this process may read")
