"""Whatever stands in a name, a subject or an id, a mail has the fields that we have written."""

import email
import email.policy
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.addresses import Boxes
from channels.mail.client_id import client_id_of
from channels.mail.compose import Composer, Enclosed
from channels.mail.fields import AddressUnusable, one_line
from channels.mail.verp import ReturnPaths
from domain.attachment import Attachment
from domain.contact import Channel
from domain.conversation import Conversation
from domain.customer import Identifier, IdentifierKind
from domain.message import Author, Message
from tests.mail_support import KEY, PlainNames, mail_section
from tests.property.examples import EXAMPLES

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WORDS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='a\r\n\t :<>@,;"\\=?utf-8bq\x00\x85\u2028Ä你', max_size=120),
    st.sampled_from(
        [
            "a\r\nBcc: victim@example.net",
            "a\n\nbody",
            '"x" <evil@example.net>, ',
            "=?utf-8?q?=0D=0ABcc:_victim@example.net?=",
            "x" * 2_000,
        ]
    ),
)
FIELDS = [
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References",
    "X-Warmline-Loop",
]  # fmt: skip


def composer() -> Composer:
    section = mail_section()
    return Composer(
        Boxes(section.boxes),
        names=PlainNames(),
        paths=ReturnPaths("support@example.org", KEY),
        host="mx.example.org",
        queue_names={},
    )


@settings(deadline=None, max_examples=max(200, EXAMPLES), derandomize=True)
@given(
    address=st.one_of(
        st.just("customer@example.com"),
        WORDS,
        st.builds(lambda word: f"{word}@example.com", WORDS),
    ),
    name=WORDS,
    subject=WORDS,
    text=st.text(max_size=500),
    html=st.one_of(st.just(""), WORDS),
    file_name=WORDS,
    mail_id=WORDS,
)
def test_no_field_is_added(address, name, subject, text, html, file_name, mail_id):
    conversation = Conversation(
        conversation_id="c" * 32,
        source="mail",
        channel=Channel.MAIL,
        queue_id="service",
        address=Identifier(IdentifierKind.MAIL, address),
        language="en",
        opened_at=NOW,
        last_at=NOW,
        name=name,
        subject=subject,
    )
    asked = Message(
        message_id="a" * 32,
        conversation_id="c" * 32,
        sequence=1,
        channel=Channel.MAIL,
        author=Author.CUSTOMER,
        at=NOW,
        text="",
        client_id=client_id_of(f"<{mail_id}@x>", "support", b""),
    )
    first = Message(
        message_id="e" * 32,
        conversation_id="c" * 32,
        sequence=2,
        channel=Channel.MAIL,
        author=Author.AGENT,
        at=NOW,
        text="",
    )
    answer = Message(
        message_id="b" * 32,
        conversation_id="c" * 32,
        sequence=3,
        channel=Channel.MAIL,
        author=Author.AGENT,
        at=NOW,
        text=text,
        html=html,
    )
    file = Attachment(
        attachment_id="d" * 32,
        name=file_name,
        media_type="text/plain",
        bytes=3,
        content_hash="0" * 64,
        uploaded_at=NOW,
    )
    try:
        mail = composer().compose(
            conversation,
            answer,
            earlier=[asked, first],
            files=[Enclosed(attachment=file, content=b"abc")],
            now=NOW,
        )
    except AddressUnusable:
        assert address != "customer@example.com"
        return
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert b"\r" not in mail.raw.replace(b"\r\n", b"")
    header, _, _ = mail.raw.partition(b"\r\n\r\n")
    names = [
        line.partition(b":")[0].decode()
        for line in header.split(b"\r\n")
        if not line.startswith((b" ", b"\t"))
    ]
    ours = len(FIELDS)
    assert names[:ours] == FIELDS
    assert sorted(names[ours:]) == ["Content-Type", "MIME-Version"]
    assert max(map(len, header.split(b"\r\n"))) <= 998 or len(name) > 900 or len(subject) > 900
    read = email.message_from_bytes(mail.raw, policy=email.policy.default)
    assert [one.addr_spec for one in read["From"].addresses] == ["support@example.org"]
    assert len(read["To"].addresses) == 1
    if address == "customer@example.com":
        assert read["To"].addresses[0].addr_spec == address
        assert mail.recipient == address
    assert len(list(read.iter_attachments())) == 1
    if subject.isascii() and one_line(subject) and len(subject) < 60 and "=?" not in subject:
        assert one_line(subject) in " ".join(str(read["Subject"]).split())
