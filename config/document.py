"""YAML text to a tree in which every node knows its line, with nothing interpreted.

Written on PyYAML's event stream and not on its loaders for four reasons: the loaders forget
where a value stood; they take the last of two equal keys in silence; they read `0123` as 83,
`+4930` as 4930 and `no` as false, which ruins telephone numbers; and an alias of an alias of
an alias can make a small file fill the memory. Here a scalar stays text, the schema says what
it means, and everything is bounded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from config.mistake import Mistake, Place

BYTES_MAX: Final = 4_194_304
"""A site with 10,000 agents has a file of about 2 MB."""
NODES_MAX: Final = 400_000
"""Nodes with every alias written out; 10,000 agents are about 200,000."""
DEPTH_MAX: Final = 20
"""The schema itself is 6 levels deep."""
SYNTAX: Final = "well-formed YAML"

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as the text that was written.

    Attributes:
        plain: Written without quotes.
    """

    place: Place
    text: str
    plain: bool
    weight: int = 1
    height: int = 0

    @property
    def empty(self) -> bool:
        """Whether it stands for no value at all."""
        return self.plain and self.text in _NULLS


@dataclass(slots=True)
class Listing:
    """A YAML sequence.

    Attributes:
        weight: Nodes in it and itself, every alias written out.
        height: Levels of lists and mappings, 1 for a flat one.
    """

    place: Place
    items: "list[Branch]" = field(default_factory=list)
    weight: int = 1
    height: int = 1

    def grow(self, child: "Branch") -> None:
        """Count what was put in."""
        self.weight += child.weight
        self.height = max(self.height, child.height + 1)


@dataclass(slots=True)
class Entry:
    """A key of a mapping and what it leads to."""

    key_place: Place
    value: "Branch"


@dataclass(slots=True)
class Mapping:
    """A YAML mapping, in the order of the file; weight and height as of a listing."""

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)
    weight: int = 1
    height: int = 1

    def grow(self, child: "Branch") -> None:
        """Count what was put in and its key."""
        self.weight += child.weight + 1
        self.height = max(self.height, child.height + 1)


Branch = Scalar | Listing | Mapping


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been read yet."""

    branch: Listing | Mapping
    anchor: str | None
    key: Scalar | None = None
    refused_key: bool = False
    path: Keys = ()


class Document:
    """The tree of one file, and questions to it by path."""

    def __init__(self, file: Path, root: Branch) -> None:
        """Keep the tree that was read from `file`."""
        self.file = file
        self.root = root

    def at(self, path: Keys) -> Branch | None:
        """Return what stands there; None when nothing does."""
        branch: Branch | None = self.root
        for step in path:
            if isinstance(branch, Mapping) and isinstance(step, str):
                entry = branch.entries.get(step)
                branch = entry.value if entry else None
            elif isinstance(branch, Listing) and isinstance(step, int):
                branch = branch.items[step] if 0 <= step < len(branch.items) else None
            else:
                return None
        return branch

    def place(self, path: Keys) -> Place:
        """Return where the value stands, or the nearest thing around it that stands at all."""
        while True:
            branch = self.at(path)
            if branch is not None:
                return branch.place
            path = path[:-1]

    def key_place(self, path: Keys) -> Place:
        """Return where the key stands that ends this path."""
        around = self.at(path[:-1])
        if isinstance(around, Mapping) and path[-1] in around.entries:
            return around.entries[str(path[-1])].key_place
        return self.place(path)

    def text(self, path: Keys) -> str | None:
        """Return the text of the scalar that stands there; None for anything else."""
        branch = self.at(path)
        return branch.text if isinstance(branch, Scalar) and not branch.empty else None

    def items(self, path: Keys) -> Iterator[Keys]:
        """Yield the path of every item of the sequence that stands there."""
        branch = self.at(path)
        if isinstance(branch, Listing):
            for index in range(len(branch.items)):
                yield (*path, index)

    def keys(self, path: Keys) -> Sequence[str]:
        """Return the keys of the mapping that stands there."""
        branch = self.at(path)
        return tuple(branch.entries) if isinstance(branch, Mapping) else ()


def plain(branch: Branch) -> object:
    """Return the tree as dict, list, str and None for the schema to judge."""
    if isinstance(branch, Mapping):
        return {key: plain(entry.value) for key, entry in branch.entries.items()}
    if isinstance(branch, Listing):
        return [plain(item) for item in branch.items]
    return None if branch.empty else branch.text


def read_document(raw: bytes, file: Path) -> tuple[Document | None, list[Mistake]]:
    """Read one YAML document.

    Args:
        raw: The file's bytes.
        file: The name that mistakes bear; nothing is read from it.

    Returns:
        The tree, or None when the text cannot be read to its end, and the mistakes.
    """
    if len(raw) > BYTES_MAX:
        return None, [
            Mistake(
                file, Place(1, 1), (), f"a file of {len(raw)} bytes", f"at most {BYTES_MAX} bytes"
            )
        ]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(
            before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        )
        return None, [Mistake(file, place, (), f"byte 0x{raw[error.start]:02x}", "UTF-8 text")]
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if not builder.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        builder.refuse(place, str(error.problem or error.context), SYNTAX, _hint(text, place))
        builder.root = None
    except yaml.reader.ReaderError as error:
        before_text = text[: error.position]
        place = Place(before_text.count("\n") + 1, len(before_text.rpartition("\n")[2]) + 1)
        builder.refuse(place, f"character {error.character!r}", "printable text")
        builder.root = None
    document = Document(file, builder.root) if builder.root is not None else None
    return document, builder.mistakes


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _hint(text: str, place: Place) -> str:
    """Explain the two syntax errors that telephone people make."""
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "indent with spaces, not tabs"
    return ""


class _Builder:
    """Builds the tree from parser events, without recursion."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.root: Branch | None = None
        self.mistakes: list[Mistake] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Branch | None] = {}
        self._nodes = 0

    def refuse(
        self, place: Place, found: str, allowed: str, hint: str = "", path: Keys = ()
    ) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(self.file, place, path, found, allowed, hint))

    def take(self, event: yaml.Event) -> bool:
        """Take the next event; False: stop reading, the tree is given up."""
        mark = event.start_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                self.refuse(place, "a second document", "one document in a file")
                return False
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", place)
        elif isinstance(event, yaml.ScalarEvent):
            self._tag(event.tag, place)
            scalar = Scalar(place, event.value, plain=event.implicit[0])
            return self._add(scalar, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._begin(event, place)
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._open.pop()
            if done.anchor is not None:
                self._anchors[done.anchor] = done.branch
            return self._attach(done.branch)
        elif isinstance(event, yaml.StreamEndEvent) and self.root is None:
            self.refuse(Place(1, 1), "nothing", "a mapping")
        return True

    def _begin(self, event: yaml.CollectionStartEvent, place: Place) -> bool:
        self._tag(event.tag, place)
        if not self._fits(1, place):
            return False
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        branch = Listing(place) if isinstance(event, yaml.SequenceStartEvent) else Mapping(place)
        self._open.append(_Open(branch, event.anchor, path=self._path()))
        return self._count(1, place)

    def _alias(self, anchor: str, place: Place) -> bool:
        target = self._anchors.get(anchor)
        if target is None:
            inside = anchor in self._anchors
            self.refuse(
                place,
                f"alias *{anchor} " + ("inside its own anchor" if inside else "without an anchor"),
                f"an anchor &{anchor} that ends before it",
                f"for the text, write '*{anchor}' in quotes",
                self._path(),
            )
            return self._add(Scalar(place, f"*{anchor}", plain=False), None)
        return (
            self._fits(target.height, place)
            and self._count(target.weight, place)
            and self._attach(target)
        )

    def _add(self, scalar: Scalar, anchor: str | None) -> bool:
        if anchor is not None:
            self._anchors[anchor] = scalar
        return self._count(1, scalar.place) and self._attach(scalar)

    def _fits(self, height: int, place: Place) -> bool:
        if len(self._open) + height <= DEPTH_MAX:
            return True
        self.refuse(place, f"{len(self._open) + height} levels", f"at most {DEPTH_MAX} levels")
        self.root = None
        return False

    def _count(self, nodes: int, place: Place) -> bool:
        self._nodes += nodes
        if self._nodes <= NODES_MAX:
            return True
        self.refuse(place, "more", f"at most {NODES_MAX} values with every alias written out")
        self.root = None
        return False

    def _path(self) -> Keys:
        """Return the path of the node that comes next."""
        if not self._open:
            return ()
        around = self._open[-1]
        if isinstance(around.branch, Listing):
            return (*around.path, len(around.branch.items))
        return (*around.path, around.key.text) if around.key else around.path

    def _attach(self, branch: Branch) -> bool:
        if not self._open:
            self.root = branch
            return True
        around = self._open[-1]
        if isinstance(around.branch, Listing):
            around.branch.items.append(branch)
            around.branch.grow(branch)
        elif around.key is None and not around.refused_key:
            self._key(around, around.branch, branch)
        else:
            if around.key is not None:
                entry = Entry(around.key.place, branch)
                around.branch.entries.setdefault(around.key.text, entry)
                around.branch.grow(branch)
            around.key, around.refused_key = None, False
        return True

    def _key(self, around: _Open, mapping: Mapping, key: Branch) -> None:
        if not isinstance(key, Scalar):
            around.refused_key = True
            self.refuse(key.place, "a list or mapping as a key", "text", path=around.path)
            return
        if key.plain and key.text == "<<":
            around.refused_key = True
            self.refuse(
                key.place, "merge key <<", "the keys themselves", "write them out", around.path
            )
            return
        around.key = key
        first = mapping.entries.get(key.text)
        if first is not None:
            self.refuse(
                key.place,
                f"{key.text!r} a second time",
                "each key once",
                f"the first is on line {first.key_place.line}",
                (*around.path, key.text),
            )

    def _tag(self, tag: str | None, place: Place) -> None:
        if tag is not None:
            self.refuse(place, f"tag {tag}", "no tags", path=self._path())
