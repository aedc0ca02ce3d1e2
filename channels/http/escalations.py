"""From one channel to another over HTTP: a call out of a conversation, a mail after a call."""

import structlog
from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.calling import CustomerCaller, proved
from channels.http.contacts import ContactPath
from channels.http.conversation_models import ConversationOut
from channels.http.conversation_wishes import AgentName, CallWish, SayWish
from channels.http.conversations import ConversationPath, check_agent
from channels.http.models import Answer, ContactId
from channels.http.problem import ProblemFound
from domain.customer import Identifier, IdentifierKind
from domain.errors import NotKnown
from domain.escalation_ports import Escalations
from domain.ticket import SUBJECT_CHARACTERS_MAX

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["conversations"], dependencies=[BEARER])


class CallIn(CallWish):
    """The customer of a conversation is called, by whom."""

    agent_id: AgentName


class CallOut(Answer):
    """A call to a customer that has been begun."""

    contact_id: ContactId


class MailIn(SayWish):
    """A mail that follows a call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "client_id": "a-18",
                    "address": "ana@example.org",
                    "subject": "Your order",
                    "text": "As we have agreed on the telephone …",
                }
            ]
        }
    )

    address: str | None = Field(
        default=None,
        max_length=254,
        # Graphic ASCII without what parts addresses from each other (RFC 5322 section 3.2.3).
        pattern=r"^[!#-'*+\-./0-9=?A-Z^-~]+@[0-9A-Za-z.\-]+$",
        description="To whom; null: to the one address that is proved to be the customer's.",
        examples=["ana@example.org"],
    )
    subject: str = Field(
        min_length=1,
        max_length=SUBJECT_CHARACTERS_MAX,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Of the mail.",
        examples=["Your order"],
    )
    queue_id: AgentName | None = Field(
        default=None,
        description="Where the customer's answer waits; null: in the queue of the call.",
        examples=["support"],
    )
    language: str = Field(
        default="",
        max_length=35,
        pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)?$",
        description='BCP 47 tag; "": that of the call.',
        examples=["en"],
    )
    agent_id: AgentName | None = Field(
        default=None, description="Who writes it; null: the system.", examples=["alice"]
    )


def _escalations_of(ports: ApiPorts) -> Escalations:
    if ports.escalations is None:
        raise ProblemFound("unavailable", "no part of this node holds conversations")
    return ports.escalations


@router.post(
    "/api/v1/conversations/{conversation_id}/call",
    status_code=202,
    summary="Call the customer of a conversation",
    response_description="The contact of the call, which is being made.",
    responses=api_problems("not-known", "conflict", "limit", "unavailable"),
)
async def call_customer(
    request: Request, ports: Ports, conversation_id: ConversationPath, wish: CallIn
) -> CallOut:
    """Ring the agent who has a conversation and then its customer; both go on with it.

    422: the number is none that this queue may call, or none is given and not exactly one is
    proved to be the customer's. 409: the agent does not have the conversation, or no call can go
    out now; `detail` ends with the reason.
    """
    _escalations_of(ports)
    caller: CustomerCaller | None = request.app.state.caller
    if caller is None:
        raise ProblemFound("unavailable", "no part of this node holds conversations")
    contact_id = await caller.call(conversation_id, wish.agent_id, wish.number)
    _log.info("call out of a conversation", contact_id=contact_id, agent_id=wish.agent_id)
    return CallOut(contact_id=contact_id)


@router.post(
    "/api/v1/contacts/{contact_id}/mail",
    summary="Write a mail that follows a call",
    response_description="The conversation that it is part of.",
    responses=api_problems("not-known", "limit", "unavailable"),
)
async def mail_after_call(ports: Ports, contact_id: ContactPath, wish: MailIn) -> ConversationOut:
    """Write to the customer of a contact; his answer is part of the same conversation.

    The call may still run. Asked again with the same `client_id` it is written once. 404: no such
    contact, queue or agent, or no mail goes out from this node.
    """
    escalations = _escalations_of(ports)
    if wish.agent_id is not None:
        check_agent(ports, wish.agent_id)
    record = await ports.contacts.get(contact_id)
    if record is None:
        raise NotKnown("contact", contact_id)
    address = wish.address
    if address is None:
        desk = ports.identity_desk
        whose = None if desk is None else (await desk.candidates(contact_id)).customer_id
        known = await proved(ports.identities, whose, IdentifierKind.MAIL)
        if len(known) != 1:
            how_many = "several mail addresses are" if known else "no mail address is"
            detail = f"address: {how_many} proved to be the customer's; say which"
            raise ProblemFound("unprocessable", detail)
        address = known[0].value
    conversation = await escalations.follow_up_by_mail(
        contact_id,
        Identifier(IdentifierKind.MAIL, address),
        wish.draft(wish.agent_id, internal=False),
        queue_id=wish.queue_id or record.contact.queue_id,
        language=wish.language,
    )
    _log.info("mail after a call", contact_id=contact_id, agent_id=wish.agent_id)
    return ConversationOut.of(conversation)
