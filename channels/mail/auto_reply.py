"""Confirmations that a mail has come in: to whom, and how often (RFC 3834)."""

from collections import OrderedDict
from typing import Final, Protocol

from channels.mail.parsed import Automatic, Envelope, ParsedMail
from config.mail import MailAutoReply, MailBox
from domain.conversation_ports import Receipt
from domain.message import Draft, Message
from domain.ports import Clock
from domain.proof import Proof

ADDRESSES_MAX: Final = 20_000
"""Remembered; the one answered longest ago is forgotten. About 3 MB."""
HOUR_S: Final = 3_600.0
TEXTS: Final = {
    "en": (
        "Thank you for your mail. It has reached us, and somebody will answer you.\n\n"
        "You need not write again; an answer to this mail is added to the same matter."
    ),
    "zh": (
        "感谢您的来信。我们已收到您的邮件，会有专人回复您。\n\n"
        "您无需再次发送；如回复本邮件，内容会归入同一事项。"
    ),
}
_NOBODY: Final = (
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
    "mailer-daemon",
    "postmaster",
)
"""Local parts behind which nobody reads."""


class Says(Protocol):
    """Says something to a customer; `domain.conversation_ports.Conversations` is one."""

    async def say(self, conversation_id: str, draft: Draft) -> Message:
        """Commit a message and send it on its way."""
        ...


class ReplyRates:
    """How often we confirm: pure, it is told the time."""

    def __init__(self) -> None:
        """Begin with nobody answered."""
        self._answered: OrderedDict[str, float] = OrderedDict()
        self._hour_begin_s = 0.0
        self._in_hour = 0

    def allow(self, address: str, rules: MailAutoReply, now_s: float) -> bool:
        """Tell whether an address may be answered now, and count it when so."""
        if self._in_hour == 0 or now_s - self._hour_begin_s >= HOUR_S:
            self._hour_begin_s, self._in_hour = now_s, 0
        last_s = self._answered.get(address)
        if last_s is not None and now_s - last_s < rules.every_hours * HOUR_S:
            return False
        if self._in_hour >= rules.per_hour_max:
            return False
        self._in_hour += 1
        self._answered.pop(address, None)
        self._answered[address] = now_s
        if len(self._answered) > ADDRESSES_MAX:
            self._answered.popitem(last=False)
        return True


class AutoReplies:
    """Confirms the first mail of a conversation, where the mailbox wants it."""

    def __init__(self, says: Says, clock: Clock) -> None:
        """Take who says it, and the clock."""
        self._says = says
        self._clock = clock
        self._rates = ReplyRates()

    async def confirm(
        self, box: MailBox, envelope: Envelope, mail: ParsedMail, receipt: Receipt
    ) -> bool:
        """Confirm a mail that was just stored, or not; return whether it was done.

        Raises:
            WarmlineError: It could not be said; the mail is stored all the same.
        """
        if not may_confirm(box, envelope, mail, receipt):
            return False
        assert mail.sender is not None
        if not self._rates.allow(
            mail.sender.address.casefold(), box.auto_reply, self._clock.monotonic_s()
        ):
            return False
        conversation = receipt.conversation
        language = "zh" if conversation.language.startswith("zh") else "en"
        text = box.auto_reply.texts.of(language) or TEXTS[language]
        draft = Draft(client_id=f"auto-reply/{conversation.conversation_id}", text=text)
        await self._says.say(conversation.conversation_id, draft)
        return True


def may_confirm(box: MailBox, envelope: Envelope, mail: ParsedMail, receipt: Receipt) -> bool:
    """Tell whether a mail is one that is confirmed.

    Source:
        RFC 3834 section 2: no machine, no list, no bounce is answered, and the answer goes to
        nobody but who has sent it.
    """
    if not box.auto_reply.enabled or mail.sender is None:
        return False
    if mail.automatic is not Automatic.NO or receipt.message.sequence != 1:
        return False
    if envelope.sender == "" or receipt.conversation.proof is Proof.SUSPECTED:
        return False
    local = mail.sender.address.rpartition("@")[0].casefold()
    return not local.startswith(_NOBODY)
