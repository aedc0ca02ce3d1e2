"""What a server is answered that hands over a mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of SMTP.

    Attributes:
        code: Of the reply: 250 taken, 4xx later, 5xx never.
        text: Enhanced status code (RFC 3463) and words, ASCII.
    """

    code: int
    text: str

    @property
    def line(self) -> str:
        """The line without its end."""
        return f"{self.code} {self.text}"

    @property
    def taken(self) -> bool:
        """Whether the mail is ours now."""
        return self.code == 250

    @property
    def later(self) -> bool:
        """Whether it shall be handed over again."""
        return 400 <= self.code < 500


TAKEN = Answer(250, "2.0.0 Taken and stored")
NOT_STORED = Answer(451, "4.3.0 Cannot be stored now, try again")
QUEUE_FULL = Answer(452, "4.3.1 Too many wait, try again")
LOOP = Answer(554, "5.4.6 It has been here before")
NO_RECIPIENT = Answer(550, "5.1.1 No such mailbox here")
NO_SENDER = Answer(554, "5.6.0 The field From names nobody who could be answered")


def of_all(answers: "list[Answer] | tuple[Answer, ...]") -> Answer:
    """Return the one answer of SMTP for a mail with several recipients.

    One that was not stored has the whole mail sent again; what was stored is known then and not
    stored twice. A mail that one mailbox has taken is taken.
    """
    assert answers, "a mail has a recipient"
    for answer in answers:
        if answer.later:
            return answer
    for answer in answers:
        if answer.taken:
            return answer
    return answers[0]
