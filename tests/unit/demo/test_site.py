"""What the site of the demo signs, as the chat of its configuration reads it."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.chat.identity import IdentityRefused, SignedIdentity
from config.load import load
from demo.command import CONFIGURATION
from demo.site import KEY_NAME, MAIL_ADDRESS, NAME, TOKEN_S, USER, WIDGET, identity
from domain.proof import Proof

KEY = "0123456789abcdef0123456789abcdef"
PHONE = "+14155550109"


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY_NAME, KEY)
    return load(CONFIGURATION, look_up_secrets=False).configuration.chat


def test_the_chat_believes_the_site_and_learns_all_three_addresses(chat) -> None:
    person = SignedIdentity(chat.identity).check(identity(KEY, PHONE), datetime.now(UTC))
    assert (person.address.value, person.name, person.proof) == (USER, NAME, Proof.PROVED)
    assert person.claims == {"email": MAIL_ADDRESS, "phone_number": PHONE}


def test_a_token_is_good_for_a_while_and_with_the_key_alone(chat) -> None:
    site = SignedIdentity(chat.identity)
    late = datetime.now(UTC) + timedelta(seconds=TOKEN_S + chat.identity.skew_s + 1)
    with pytest.raises(IdentityRefused, match="exp has passed"):
        site.check(identity(KEY, PHONE), late)
    with pytest.raises(IdentityRefused):
        site.check(identity(KEY[::-1], PHONE), datetime.now(UTC))


def test_the_app_names_a_widget_that_there_is(chat) -> None:
    assert WIDGET in {widget.id for widget in chat.widgets}
