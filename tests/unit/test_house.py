"""The house rules that no linter knows: files, names, packages, what is installed."""

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from server.version import VERSION
from tests.house import PACKAGES, ROOT, files

CODE = sorted(path for path in files() if path.suffix == ".py")
PRODUCT = [path for path in CODE if path.relative_to(ROOT).parts[0] in PACKAGES]
LINES_MAX = 500
FORBIDDEN_NAMES = frozenset(
    name
    for stem in ("util", "helper", "common", "manager", "handler", "data", "info", "misc")
    for name in (stem, stem + "s")
)
"""They say nothing of what is inside."""

DOORS = {
    "pjsua2": ("pbx/cell/", "demo/telephone.py"),
    "ortools": ("router/solver.py", "router/assignment/"),
    "sqlalchemy": ("store/",),
    "alembic": ("store/migrations/",),
    "aiosqlite": ("store/",),
    "fastapi": ("channels/http/",),
    "uvicorn": ("channels/http/", "channels/chat/"),
    "starlette": ("channels/http/", "channels/chat/"),
    "jwt": ("channels/chat/identity.py", "demo/site.py"),
    "webrtcvad": ("media/activity.py",),
    "onnxruntime": ("models/onnx.py",),
    "torch": ("models/training/",),
    "soundfile": ("media/recordings.py", "models/training/", "demo/audio.py"),
    "matplotlib": ("server/analyse/plot.py", "server/simulate/plot.py"),
    "sipmessage": ("pbx/edge/", "pbx/sip/", "config/values.py"),
    "pydantic": (
        *("config/", "channels/http/", "channels/messenger/protocol.py"),
        "channels/desk/protocol.py",
    ),
    "yaml": ("config/document.py",),
    "prometheus_client": ("server/",),
    "cryptography": ("store/vault.py", "channels/mail/ed25519.py"),
    "phonenumbers": ("customers/telephone.py",),
    "puremagic": ("store/media_type.py",),
    "dkim": ("channels/mail/",),
    "spf": ("channels/mail/sender_policy.py",),
    "dns": ("channels/mail/resolver.py",),
    "publicsuffixlist": ("channels/mail/origin.py",),
    "nh3": ("channels/mail/html.py",),
    "charset_normalizer": ("channels/mail/charsets.py",),
    "httpx": (
        "channels/webhooks/client.py",
        "channels/webhooks/poster.py",
        "channels/lookup/asker.py",
    ),
    "aiosmtpd": ("channels/mail/session.py",),
    "aiosmtplib": ("channels/mail/send.py",),
    "aioimaplib": ("channels/mail/imap.py", "channels/mail/imap_login.py"),
}
"""A heavy library has one door, behind which it can be replaced; benches go anywhere."""


@pytest.fixture(scope="module")
def setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_file_is_short_enough_to_be_read(path: Path) -> None:
    if "golden" in path.parts:
        return  # Fixed inputs are looked up, not read.
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_MAX, f"{name_of(path)} has {lines} lines; cut it where an idea ends"


def test_names_say_what_is_inside() -> None:
    modules = {name_of(path) for path in CODE if path.stem.lower() in FORBIDDEN_NAMES}
    folders = {
        name_of(folder)
        for path in CODE
        for folder in path.parents
        if folder.is_relative_to(ROOT) and folder != ROOT and folder.name in FORBIDDEN_NAMES
    }
    assert not modules | folders


def test_every_folder_of_code_is_a_package_that_says_what_it_is() -> None:
    for folder in {path.parent for path in PRODUCT}:
        package = folder / "__init__.py"
        assert package.exists(), f"{name_of(folder)} has no __init__.py"
        tree = ast.parse(package.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{name_of(package)} has no docstring"


def test_the_version_is_one(setup: configparser.ConfigParser) -> None:
    assert setup["metadata"]["version"] == VERSION
    assert VERSION in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "examples").glob("*.yaml")), ids=name_of)
def test_an_example_is_a_configuration(path: Path) -> None:
    assert load(path, look_up_secrets=False).configuration.queues


def test_every_package_is_installed(setup: configparser.ConfigParser) -> None:
    included = words(setup["options.packages.find"]["include"])
    assert sorted(included) == sorted(f"{name}*" for name in PACKAGES)
    assert words(setup["options"]["py_modules"]) == ["run_pbx"]


def test_every_file_beside_the_code_is_installed(setup: configparser.ConfigParser) -> None:
    patterns = {name: words(value) for name, value in setup["options.package_data"].items()}
    for path in files():
        package = path.relative_to(ROOT).parts[0]
        if package not in PACKAGES or path.suffix == ".py":
            continue
        inside = path.relative_to(ROOT / package)
        # A pattern's star does not reach into folders, as in setuptools.
        assert any(
            len(Path(pattern).parts) == len(inside.parts) and inside.match(pattern)
            for pattern in patterns.get(package, ())
        ), f"{name_of(path)} is not in [options.package_data]"


def test_the_layers_know_every_package(setup: configparser.ConfigParser) -> None:
    assert sorted(words(setup["importlinter"]["root_packages"])) == sorted(PACKAGES)
    layers = set(re.findall(r"\w+", setup["importlinter:contract:layers"]["layers"]))
    outside = setup["importlinter:contract:outside"]
    forbidden = set(words(outside["forbidden_modules"]))
    assert layers | forbidden == set(PACKAGES)
    assert set(words(outside["source_modules"])) == layers


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def test_a_heavy_library_has_one_door() -> None:
    used: set[str] = set()
    for path in PRODUCT:
        name = name_of(path)
        if name.startswith("bench/"):
            continue
        for library in imports(path):
            doors = DOORS.get(library)
            if doors is not None:
                used.add(library)
                assert name.startswith(doors), f"{name} imports {library}"
    assert used <= DOORS.keys()


def test_the_text_names_no_machine_and_no_package_index() -> None:
    # Put together here, so that this file does not name them either.
    hosts = ("py" + "pi.org", "python" + "hosted", "--index" + "-url ", "--trusted" + "-host ")
    homes = ("/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/", "/wo" + "rk/")
    for path in files():
        if path.suffix in {".wav", ".png", ".onnx", ".eml"}:
            continue
        text = path.read_text(encoding="utf-8")
        for word in (*hosts, *homes):
            assert word not in text, f"{name_of(path)} names {word}"


def test_what_a_run_leaves_behind_is_not_tracked() -> None:
    ignored = words((ROOT / ".gitignore").read_text(encoding="utf-8"))
    assert {"data/", ".venv/", "__pycache__/"} <= set(ignored)
