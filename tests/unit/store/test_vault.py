import base64
import hmac

import pytest

from domain.errors import StoreError
from store.vault import KEY_BYTES, add_key, open_vault

PLACE = {"table": "contacts", "column": "caller", "row": "1"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.key"


def test_opens_what_it_sealed_and_shows_nothing_of_it(path):
    vault = open_vault(path, create=True)
    sealed = vault.seal("+49 30 刘", **PLACE)
    assert vault.open(sealed, **PLACE) == "+49 30 刘"
    assert b"+49" not in sealed
    assert vault.seal("+49 30 刘", **PLACE) != sealed


def test_another_start_opens_it_and_marks_alike(path):
    before = open_vault(path, create=True)
    sealed = before.seal("+4930", **PLACE)
    after = open_vault(path, create=False)
    assert after.open(sealed, **PLACE) == "+4930"
    assert after.mark("+4930") == before.mark("+4930")
    assert len(after.mark("")) == 32
    assert after.mark("+4930") != after.mark("+4931")


def test_the_file_is_for_its_owner_alone(path):
    open_vault(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(StoreError, match=r"mode 640.*chmod 600"):
        open_vault(path, create=False)


@pytest.mark.parametrize("other", [{"row": "2"}, {"column": "dialled"}, {"table": "messages"}])
def test_a_field_that_was_moved_does_not_open(path, other):
    vault = open_vault(path, create=True)
    sealed = vault.seal("+4930", **PLACE)
    with pytest.raises(StoreError, match="altered"):
        vault.open(sealed, **{**PLACE, **other})


def test_an_altered_field_does_not_open(path):
    vault = open_vault(path, create=True)
    sealed = bytearray(vault.seal("+4930", **PLACE))
    sealed[-1] ^= 1
    with pytest.raises(StoreError, match=r"contacts\.caller of 1"):
        vault.open(bytes(sealed), **PLACE)


@pytest.mark.parametrize(
    ("sealed", "message"),
    [(b"", "0 bytes"), (b"\x02" + bytes(40), "form 2"), (b"\x01\x00\x63" + bytes(40), "key 99")],
)
def test_a_field_of_another_form_is_named(path, sealed, message):
    with pytest.raises(StoreError, match=message):
        open_vault(path, create=True).open(sealed, **PLACE)


def test_a_new_key_seals_and_the_old_one_still_opens(path):
    sealed = open_vault(path, create=True).seal("+4930", **PLACE)
    assert add_key(path) == 2
    vault = open_vault(path, create=False)
    assert vault.open(sealed, **PLACE) == "+4930"
    assert vault.seal("+4930", **PLACE)[:3] == b"\x01\x00\x02"
    assert path.stat().st_mode & 0o777 == 0o600


def test_missing_keys_are_not_made_anew_where_fields_are_sealed(path):
    with pytest.raises(StoreError, match="restore it"):
        open_vault(path, create=False)
    assert not path.exists()


KEY = base64.b64encode(bytes(KEY_BYTES)).decode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a line"),
        (f"mark {KEY}\n", "needs a line"),
        (f"mark {KEY}\nseal 0 {KEY}\n", "needs a line"),
        (f"mark {KEY}\nseal x {KEY}\n", "line 2"),
        ("mark QUJD\n", "3 bytes, 32"),
        ("mark ???\n", "line 1"),
        (f"lock {KEY}\n", "line 1"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(path, text, message):
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(StoreError, match=message):
        open_vault(path, create=True)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(StoreError, match="absent"):
        open_vault(tmp_path / "absent" / "vault.key", create=True)


def test_a_mark_is_what_it_has_always_been(path):
    path.write_text(f"mark {KEY}\nseal 1 {KEY}\n")
    path.chmod(0o600)
    vault = open_vault(path, create=False)
    for text in ("", "+4930123456", "电话" * 100):
        key = base64.b64decode(KEY)
        assert vault.mark(text) == hmac.digest(key, text.encode(), "sha256")
