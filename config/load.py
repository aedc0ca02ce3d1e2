"""From a YAML file to a `Configuration`, or to everything that is wrong with the file.

All mistakes are named in one go: what the schema refuses and what does not fit together, each
with file, line, path, what was found and what is allowed.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config import explain
from config.coherence import Coherence
from config.document import BYTES_MAX, Document, Keys, plain, read_document
from config.document import Mapping as MappingBranch
from config.mistake import ConfigurationMistakes, Mistake, Place
from config.schema import Configuration

__all__ = ["ConfigurationMistakes", "Loaded", "Mistake", "load"]

FOUND_CHARACTERS_MAX: Final = 60
_URL_PASSWORD: Final = re.compile(r"(://[^/@:]*:)[^/@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that can be used.

    Attributes:
        warnings: What is allowed but odd, such as a queue that no agent can serve.
        source: The file's bytes as they were read.
    """

    configuration: Configuration
    warnings: tuple[Mistake, ...]
    file: Path
    source: bytes


def load(
    path: Path, *, environ: Mapping[str, str] | None = None, look_up_secrets: bool = True
) -> Loaded:
    """Read and check a configuration file.

    Relative paths in it begin at its own folder. Secrets are looked up, so that a missing one
    is found now and not at the first call, but they are not kept.

    Args:
        path: The YAML file.
        environ: Environment variables for secrets; None: those of this process.
        look_up_secrets: False for who does not need them, such as a command that an operator
            runs in a shell without the service's environment.

    Raises:
        ConfigurationMistakes: The file cannot be used; `mistakes` names everything.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(BYTES_MAX + 1)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        mistake = Mistake(path, Place(1, 1), (), found, "a file that can be read")
        raise ConfigurationMistakes(path, [mistake]) from error
    return load_bytes(raw, path, environ=environ, look_up_secrets=look_up_secrets)


def load_bytes(
    raw: bytes,
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    look_up_secrets: bool = True,
) -> Loaded:
    """Check what was read from `path`, as `load` does.

    Raises:
        ConfigurationMistakes: The text cannot be used.
    """
    document, mistakes = read_document(raw, path)
    if document is None:
        raise ConfigurationMistakes(path, mistakes)
    configuration = None
    try:
        configuration = Configuration.model_validate(
            _input(document), context={"folder": path.absolute().parent}
        )
    except ValidationError as error:
        mistakes += [_mistake(document, details) for details in error.errors(include_url=False)]
    variables = os.environ if environ is None else environ
    coherence = Coherence(document, variables if look_up_secrets else None)
    coherence.check()
    # A value that the schema refuses is not judged a second time for not fitting.
    refused = {mistake.keys for mistake in mistakes}
    mistakes += [mistake for mistake in coherence.mistakes if mistake.keys not in refused]
    if mistakes or configuration is None:
        raise ConfigurationMistakes(path, mistakes)
    return Loaded(
        configuration=configuration, warnings=tuple(coherence.warnings), file=path, source=raw
    )


def _input(document: Document) -> object:
    """Return the tree as the schema takes it.

    A section without keys (`rtp:` and nothing under it) means its defaults, and `node` is
    always there, so that its default folder too begins at the file's own.
    """
    values = plain(document.root)
    if isinstance(values, dict):
        values.setdefault("node", {})
        for name in explain.known_keys(()):
            shape = explain.shape_at((name,)) or {}
            if name in values and values[name] is None:
                values[name] = [] if shape.get("type") == "array" else {}
    return values


def _mistake(document: Document, details: ErrorDetails) -> Mistake:
    """Put one of pydantic's errors into our words."""
    location = details["loc"]
    kind = details["type"]
    is_key = location[-1:] == ("[key]",)
    keys: Keys = location[:-1] if is_key else location
    if kind == "extra_forbidden":
        return _unknown_key(document, keys)
    if kind == "missing":
        around = document.at(keys[:-1])
        found = "no such key" if isinstance(around, MappingBranch) else "nothing"
        return Mistake(document.file, document.place(keys), keys, found, explain.allowed(keys))
    if is_key:
        allowed = explain.key_rule(keys[:-1])
        place = document.key_place(keys)
        meant = explain.nearest(str(keys[-1]), explain.known_names(keys[:-1]))
        hint = f"did you mean {meant}?" if meant else ""
        return Mistake(document.file, place, keys, f"the name {keys[-1]!r}", allowed, hint)
    allowed = explain.allowed(keys)
    shape = explain.shape_at(keys) or {}
    # Whoever wrote the secret itself into the file must not find it in a log as well.
    found = "text" if shape.get("title") == "Secret" else _found(details["input"])
    hint = _reason(details)
    return Mistake(document.file, document.place(keys), keys, found, allowed, hint)


def _unknown_key(document: Document, keys: Keys) -> Mistake:
    key = str(keys[-1])
    known = explain.known_keys(keys[:-1])
    meant = explain.nearest(key, known)
    there = meant is not None and document.at((*keys[:-1], meant)) is not None
    hint = f"did you mean {meant}{', which is there already' if there else ''}?" if meant else ""
    place = document.key_place(keys)
    return Mistake(document.file, place, keys, "unknown key", ", ".join(known), hint)


def _found(value: Any) -> str:
    """Say what stood there, shortly."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = _URL_PASSWORD.sub(r"\1…@", str(value))
    if len(text) > FOUND_CHARACTERS_MAX:
        text = text[: FOUND_CHARACTERS_MAX - 1] + "…"
    return repr(text)


def _reason(details: ErrorDetails) -> str:
    """Return why a validator of ours refused a value; our other rules speak for themselves."""
    if details["type"] != "value_error":
        return ""
    return str(details.get("ctx", {}).get("error", ""))
