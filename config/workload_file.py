"""From a workload's YAML text to a `Workload`, or to everything that is wrong with it."""

import re
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.document import Document, Keys, plain, read_document
from config.explain import nearest
from config.mistake import ConfigurationMistakes, Mistake
from config.workload import Workload

_LEAD: Final = re.compile(r"^(Input|String|List|Dictionary|Value error)[ ,]*(should )?(be |have )?")
FOUND_CHARACTERS_MAX: Final = 60


def read_workload(raw: bytes, file: Path) -> Workload:
    """Check the text of a workload.

    Args:
        raw: The file's bytes.
        file: The name that mistakes bear; nothing is read from it.

    Raises:
        ConfigurationMistakes: It cannot be used; `mistakes` names everything.
    """
    document, mistakes = read_document(raw, file)
    if document is None:
        raise ConfigurationMistakes(file, mistakes)
    workload = None
    try:
        workload = Workload.model_validate(plain(document.root))
    except ValidationError as error:
        mistakes += [_mistake(document, details) for details in error.errors(include_url=False)]
    if mistakes or workload is None:
        raise ConfigurationMistakes(file, mistakes)
    return workload


def _mistake(document: Document, details: ErrorDetails) -> Mistake:
    """Put one of pydantic's errors into our words."""
    location, kind = details["loc"], details["type"]
    is_key = location[-1:] == ("[key]",)
    keys: Keys = tuple(
        str(key) if not isinstance(key, int) else key
        for key in (location[:-1] if is_key else location)
    )
    if kind == "extra_forbidden":
        known = _known(keys[:-1])
        meant = nearest(str(keys[-1]), known)
        hint = f"did you mean {meant}?" if meant else ""
        place = document.key_place(keys)
        return Mistake(document.file, place, keys, "unknown key", ", ".join(known), hint)
    if kind == "missing":
        return Mistake(document.file, document.place(keys), keys, "nothing", "a value")
    place = document.key_place(keys) if is_key else document.place(keys)
    return Mistake(document.file, place, keys, _found(details["input"]), _allowed(details))


def _allowed(details: ErrorDetails) -> str:
    if details["type"] == "string_pattern_mismatch":
        pattern = str(details.get("ctx", {}).get("pattern", ""))
        return "a time such as 08:30" if ":[0-5]" in pattern else f"text like {pattern}"
    return _LEAD.sub("", details["msg"])


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = str(value)
    if len(text) > FOUND_CHARACTERS_MAX:
        text = text[: FOUND_CHARACTERS_MAX - 1] + "…"
    return repr(text)


def _known(keys: Keys) -> tuple[str, ...]:
    """Return the keys that a mapping at this path may have."""
    kind: Any = Workload
    for key in keys:
        fields = getattr(_model(kind), "model_fields", {})
        if isinstance(key, str) and key in fields:
            kind = fields[key].annotation
    model = _model(kind)
    return tuple(model.model_fields) if model is not None else ()


def _model(kind: Any) -> type[BaseModel] | None:
    """Return the section inside an annotation such as `dict[str, Topic]` or `Overflow | None`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    found = [model for part in get_args(kind) if (model := _model(part)) is not None]
    return found[-1] if found else None
