"""HTML into plain text: what an agent reads, what is searched, and what quotation is found in."""

import re
from html import unescape
from typing import Final

from channels.mail.charsets import clean
from channels.mail.html import TAG, attributes

_BLOCKS: Final = frozenset((
    "blockquote", "caption", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tbody", "tfoot", "thead", "tr", "ul",
))  # fmt: skip
_APART: Final = frozenset((
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "table", "ul", "ol", "dl", "blockquote",
))  # fmt: skip
"""An empty line stands before and after these."""
_SPACES: Final = re.compile(r"[ \t\n\f\r]+")
_MARKUP: Final = re.compile(r"<[!/?A-Za-z][^<>]*>")
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
QUOTE_DEPTH_MAX: Final = 20
"""Quotations within one another that are shown as such."""


class _Page:
    """Text as it grows, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._line = ""
        self._gap: int | None = None
        self.quotes = 0
        self.verbatim = 0

    @property
    def column(self) -> int:
        """How much stands in the line that is being written."""
        return len(self._line)

    def since(self, column: int) -> str:
        """Return what the line has got since it was so long."""
        return self._line[column:]

    def write(self, text: str) -> None:
        if self.verbatim:
            first, *rest = text.split("\n")
            self._line += first
            for line in rest:
                self.end(hard=True)
                self._line = line
            return
        text = _SPACES.sub(" ", text)
        if not self._line:
            text = text.lstrip(" ")
        elif self._line.endswith(" "):
            text = text.removeprefix(" ")
        self._line += text

    def end(self, *, apart: bool = False, hard: bool = False) -> None:
        """End the line; `hard`: even an empty one."""
        line = self._line.rstrip()
        quotes = min(self.quotes, QUOTE_DEPTH_MAX)
        self._line = ""
        if line or hard:
            if self._gap is not None and self.lines and self.lines[-1].strip("> "):
                self.lines.append(("> " * min(self._gap, quotes)).rstrip())
            self._gap = None
            self.lines.append("> " * quotes + line)
        if apart:
            self._gap = quotes if self._gap is None else min(self._gap, quotes)


def from_cleaned(html: str) -> str:
    """Return the text of HTML that `html.cleaned` has cleaned; quotations get "> "."""
    page = _Page()
    links: list[tuple[str, int]] = []
    at = 0
    for tag in TAG.finditer(html):
        page.write(unescape(html[at : tag.start()]))
        at = tag.end()
        _turn(page, tag, links)
    page.write(unescape(html[at:]))
    page.end()
    return _finished(page.lines)


def _turn(page: _Page, tag: "re.Match[str]", links: list[tuple[str, int]]) -> None:
    closing, name = bool(tag[1]), tag[2]
    if name == "br":
        page.end(hard=True)
    elif name == "img" and not closing:
        if shown := unescape(attributes(tag).get("alt", "")).strip():
            page.write(f"[{shown}]")
    elif name in {"td", "th"} and closing:
        page.write(" ")
    elif name in _BLOCKS:
        page.end(apart=name in _APART)
        if name == "blockquote":
            page.quotes = max(page.quotes + (-1 if closing else 1), 0)
        elif name == "pre":
            page.verbatim = max(page.verbatim + (-1 if closing else 1), 0)
        elif name == "li" and not closing:
            page.write("- ")
    elif name == "a":
        _link(page, tag, links)


def _link(page: _Page, tag: "re.Match[str]", links: list[tuple[str, int]]) -> None:
    """Show where a link leads, unless its text says so."""
    if not tag[1]:
        links.append((unescape(attributes(tag).get("href", "")), page.column))
    elif links:
        target, begin = links.pop()
        shown = page.since(begin).strip().rstrip("/")
        bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", target).rstrip("/")
        if target and shown and shown not in {target.rstrip("/"), bare} and len(target) <= 500:
            page.write(f" <{target}>")


def stripped(html: str) -> str:
    """Return the text of HTML that is too large to be cleaned: its tags are only left out."""
    plain = re.sub(r"(?is)<(script|style)\b[^<>]*>[^<]*", " ", html)
    plain = _MARKUP.sub(" ", plain)
    return _finished([_SPACES.sub(" ", unescape(plain)).strip()])


def _finished(lines: list[str]) -> str:
    text = clean("\n".join(lines).replace("\u00a0", " ").replace("\u200b", ""))
    return _EMPTY_LINES.sub("\n\n", text).strip("\n")
