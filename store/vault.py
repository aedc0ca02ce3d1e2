"""Personal fields are sealed before they reach the database.

A sealed field is `version (1 byte) | key number (2 bytes) | nonce (12 bytes) | AES-256-GCM
ciphertext and tag`. Table, column and row id are its associated data, so that a field that
is copied into another row does not open there. The keys are in one file beside the
database and belong into another backup than the database does.

A mark is a keyed hash by which equal fields are found without opening any. Its key is never
replaced: old marks would find nothing any more.
"""

import base64
import binascii
import hashlib
import os
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.chance import random_bytes
from domain.errors import StoreError

SEALED_VERSION: Final = 1
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""The length that GCM is specified for (NIST SP 800-38D section 8.2)."""
KEYS_MAX: Final = 0xFFFF
_HEADER: Final = struct.Struct("!BH")
_TITLE: Final = (
    "# Keys of the personal fields in the database. Without this file they cannot be read\n"
    "# by anybody; keep a copy apart from the copies of the database.\n"
)


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    mark: bytes
    seal: Mapping[int, bytes]
    """By number; the highest seals, all open."""


class Vault:
    """Seals and opens fields."""

    def __init__(self, keys: _Keys) -> None:
        """Made by `open_vault`."""
        self._mark_inner, self._mark_outer = _hmac_halves(keys.mark)
        self._ciphers = {number: AESGCM(key) for number, key in keys.seal.items()}
        self._current = max(keys.seal)

    def seal(self, text: str, *, table: str, column: str, row: str) -> bytes:
        """Return the text sealed for that place.

        The nonce is random: NIST SP 800-38D section 8.3 allows 2^32 fields for one key.
        """
        nonce = random_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(
            nonce, text.encode(), _place(table, column, row)
        )
        return _HEADER.pack(SEALED_VERSION, self._current) + nonce + sealed

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """Return the text that was sealed for that place.

        Raises:
            StoreError: The key is not in the file, or the field was altered or moved.
        """
        where = f"{table}.{column} of {row}"
        if len(sealed) < _HEADER.size + NONCE_BYTES:
            raise StoreError(f"{where}: {len(sealed)} bytes are too few for a sealed field")
        version, number = _HEADER.unpack_from(sealed)
        if version != SEALED_VERSION:
            raise StoreError(f"{where}: sealed in form {version}, known is {SEALED_VERSION}")
        cipher = self._ciphers.get(number)
        if cipher is None:
            raise StoreError(f"{where}: sealed with key {number}, which vault.key does not hold")
        nonce = sealed[_HEADER.size : _HEADER.size + NONCE_BYTES]
        try:
            return cipher.decrypt(
                nonce, sealed[_HEADER.size + NONCE_BYTES :], _place(table, column, row)
            ).decode()
        except InvalidTag:
            raise StoreError(
                f"{where}: key {number} does not open it: altered, or another vault.key"
            ) from None

    def mark(self, text: str) -> bytes:
        """Return 32 bytes that are the same for the same text and tell nothing of it."""
        inner, outer = self._mark_inner.copy(), self._mark_outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.digest()


def open_vault(path: Path, *, create: bool) -> Vault:
    """Read the keys, or make the file at the first start.

    Args:
        path: The file; it belongs to the node's user, mode 0600.
        create: False where sealed fields exist already: new keys would not open them.

    Raises:
        StoreError: The file is missing, cannot be read, is readable by others, or is not
            of the right form.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        if not create:
            raise StoreError(
                f"{path} is missing but the database holds fields sealed with its keys:"
                " restore it from its backup"
            ) from None
        keys = _Keys(mark=secrets.token_bytes(KEY_BYTES), seal={1: secrets.token_bytes(KEY_BYTES)})
        _write_keys(path, keys, replace=False)
        return Vault(keys)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: {error}") from error
    if mode & 0o077:
        raise StoreError(f"{path} has mode {mode & 0o777:o}, others can read it: chmod 600 it")
    return Vault(_parse_keys(path, text))


def add_key(path: Path) -> int:
    """Add a key with which fields are sealed from the next start on; return its number.

    Older keys stay, because they open what they sealed.

    Raises:
        StoreError: The file cannot be read or written, or all numbers are used.
    """
    try:
        keys = _parse_keys(path, path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: {error}") from error
    number = max(keys.seal) + 1
    if number > KEYS_MAX:
        raise StoreError(f"{path}: {KEYS_MAX} keys are the most it can hold")
    seal = {**keys.seal, number: secrets.token_bytes(KEY_BYTES)}
    _write_keys(path, _Keys(mark=keys.mark, seal=seal), replace=True)
    return number


def _hmac_halves(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return HMAC-SHA-256 as its two hashes that have read the key (RFC 2104 section 4).

    Copies of them make a mark in a third of the time that `hmac.digest` takes.
    """
    block = key.ljust(hashlib.sha256().block_size, b"\0")
    return (
        hashlib.sha256(bytes(byte ^ 0x36 for byte in block)),
        hashlib.sha256(bytes(byte ^ 0x5C for byte in block)),
    )


def _place(table: str, column: str, row: str) -> bytes:
    return f"{table}\0{column}\0{row}".encode()


def _parse_keys(path: Path, text: str) -> _Keys:
    mark: bytes | None = None
    seal: dict[int, bytes] = {}
    for line_number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        words = line.split()
        try:
            key = base64.b64decode(words[-1], validate=True)
            if len(key) != KEY_BYTES:
                raise ValueError(f"a key of {len(key)} bytes, {KEY_BYTES} are needed")
            match words[:-1]:
                case ["mark"]:
                    mark = key
                case ["seal", number]:
                    seal[int(number)] = key
                case _:
                    raise ValueError("neither 'mark KEY' nor 'seal NUMBER KEY'")
        except (ValueError, binascii.Error) as error:
            raise StoreError(f"{path} line {line_number}: {error}") from error
    if mark is None or not seal or not 1 <= min(seal) <= max(seal) <= KEYS_MAX:
        raise StoreError(f"{path}: needs a line 'mark KEY' and lines 'seal 1 KEY' and on")
    return _Keys(mark=mark, seal=seal)


def _write_keys(path: Path, keys: _Keys, *, replace: bool) -> None:
    """Put the whole file in place at once, on the disk before any field is sealed."""
    lines = [f"mark {base64.b64encode(keys.mark).decode()}\n"]
    for number, key in sorted(keys.seal.items()):
        lines.append(f"seal {number} {base64.b64encode(key).decode()}\n")
    partial = path.with_name(path.name + ".new")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_TITLE + "".join(lines))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partial.replace(path)
        else:
            # Unlike a rename, a link fails when another process was quicker.
            path.hardlink_to(partial)
            partial.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(f"{path}: {error}") from error
