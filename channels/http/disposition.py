"""The name of a file in a header: read from requests, written into answers."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote

from domain.attachment_name import clean_name

_PARAMETER: Final = re.compile(
    r";\s*(?P<key>filename\*?)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^;\s]+))", re.I
)
_EXTENDED: Final = re.compile(r"(utf-8|iso-8859-1)'[^']*'(.*)", re.I)
_UNRESERVED: Final = "!#$&+-.^_`|~"
"""Characters that RFC 8187 section 3.2.1 leaves as they are."""


def content_disposition(name: str, *, inline: bool) -> str:
    """Return the header field `Content-Disposition` (RFC 6266).

    Args:
        name: The file's, in full Unicode.
        inline: Whether it may be shown; else it is saved.
    """
    kind = "inline" if inline else "attachment"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w .()+,=@~-]", "_", plain, flags=re.ASCII).strip() or "file"
    if plain == name:
        return f'{kind}; filename="{plain}"'
    # RFC 6266 section 4.3: whoever knows both takes the second.
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_UNRESERVED)}"


def name_from(x_file_name: str | None, disposition: str | None) -> str:
    """Return the name that an upload gives its file; a usual one where it gives none.

    Args:
        x_file_name: `X-File-Name`: UTF-8, percent-encoded.
        disposition: `Content-Disposition`, with `filename*` before `filename`.
    """
    if x_file_name:
        return clean_name(unquote(x_file_name))
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(disposition or ""):
        quoted = match["quoted"]
        value = match["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found.setdefault(match["key"].lower(), value)
    extended = _EXTENDED.fullmatch(found.get("filename*", ""))
    if extended is not None:
        return clean_name(unquote(extended[2], encoding=extended[1], errors="replace"))
    return clean_name(found.get("filename", ""))
