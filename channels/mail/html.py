"""HTML of a mail: cleaned, so that nothing of it runs, calls home or leaves its frame."""

import re
from typing import Final

import nh3

HTML_CHARACTERS_MAX: Final = 1_000_000
"""Longer HTML is kept as a file: no reader of mail draws it."""
TAGS_MAX: Final = 50_000
"""Cleaning them takes a tenth of a second."""
DEPTH_MAX: Final = 400
"""Elements within one another; browsers draw no more than 512."""

_TAGS: Final = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "font", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
))  # fmt: skip
_DROPPED: Final = frozenset((
    "script", "style", "title", "head", "template", "noscript", "iframe", "object", "embed",
    "applet", "svg", "math", "audio", "video", "canvas", "select", "textarea", "frameset",
    "noframes", "xmp", "plaintext",
))  # fmt: skip
"""Elements that go with what is in them."""
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align", "valign"},
    "th": {"colspan", "rowspan", "align", "valign"},
    "ol": {"start", "type"},
    "col": {"span"},
    "colgroup": {"span"},
    "*": {"dir", "lang"},
}
_PICTURE: Final = re.compile(r"(?i)data:image/(?:png|gif|jpe?g|webp|bmp);base64,[a-z0-9+/=\s]*+")
_LINK: Final = re.compile(r"(?i)(?:https?:|mailto:|tel:)")
_OPENING: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*+)([^<>]*+)>")
_VOID: Final = frozenset((
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr",
))  # fmt: skip
TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[A-Za-z][\w:-]*+="[^"]*+")*+)\s*+/?>')
"""A tag of cleaned HTML: its attributes are in double quotation marks, each of them closed."""
_ATTRIBUTE: Final = re.compile(r'\s+([A-Za-z][\w:-]*)="([^"]*)"')


def cleaned(html: str) -> str | None:
    """Return harmless HTML; None when it is too large or too deep to be cleaned.

    Scripts, styles and forms are gone. A picture that lies elsewhere would tell its owner when,
    where and by whom the mail is read: its address stands in `data-src`, where a reader may load
    it knowingly. Pictures in the mail keep their `cid:`.
    """
    if len(html) > HTML_CHARACTERS_MAX or html.count("<") > TAGS_MAX or _depth(html) > DEPTH_MAX:
        return None
    safe = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return TAG.sub(_shut, safe)


def attributes(tag: "re.Match[str]") -> dict[str, str]:
    """Return the attributes of a tag of cleaned HTML, still with character references."""
    return dict(_ATTRIBUTE.findall(tag[3]))


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _LINK.match(value.strip()) else None
    if name == "src":
        plain = value.strip()
        if plain[:4].lower() == "cid:" or _PICTURE.fullmatch(plain):
            return plain
        return plain if plain[:5].lower() == "http:" or plain[:6].lower() == "https:" else None
    return value if len(value) <= 500 else None


def _shut(tag: "re.Match[str]") -> str:
    """Move a remote picture's address to where nothing loads it."""
    if tag[2] != "img" or tag[1]:
        return tag[0]
    source = attributes(tag).get("src", "")
    if not source.lower().startswith("http"):
        return tag[0]
    return tag[0].replace(' src="', ' data-src="', 1)


def _depth(html: str) -> int:
    """Return about how deep elements stand within one another."""
    deepest = depth = 0
    for closing, name, rest in _OPENING.findall(html):
        if closing:
            depth = max(depth - 1, 0)
        elif not rest.endswith("/") and name.lower() not in _VOID:
            depth += 1
            deepest = max(deepest, depth)
    return deepest
