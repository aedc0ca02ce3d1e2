"""Conversations over HTTP: read, answered, noted, laid aside, handed on, ended."""

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.agents import AgentPath
from channels.http.attachments import HEX_ID
from channels.http.contacts import CallerShown
from channels.http.conversation_models import (
    EXAMPLE_CONVERSATION,
    ConversationList,
    ConversationOut,
    ConversationPage,
    MessageOut,
    MessagePage,
)
from channels.http.conversation_wishes import (
    AgentName,
    CloseWish,
    MarkWish,
    ParkWish,
    SayWish,
    TransferWish,
)
from channels.http.problem import ProblemFound
from domain.conversation_ports import Conversations
from domain.errors import NotKnown
from domain.message import Author

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["conversations"], dependencies=[BEARER])

PAGE_MESSAGES_MAX = 200
"""A page of 200 long mails is some megabytes."""
PAGE_ENTRIES = 100
"""Entries of the timeline that are looked through for conversations on one page."""

ConversationPath = Annotated[
    str, Path(pattern=HEX_ID, description="32 hexadecimal digits.", examples=[EXAMPLE_CONVERSATION])
]
OfferPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        description="From the agent's desk, or the event OfferMade.",
        examples=["0192f0c1a6b87d3e9c41d2a35b6e7f83"],
    ),
]


class SayIn(SayWish):
    """Something to be said to the customer, by whom."""

    agent_id: AgentName | None = Field(
        default=None, description="Who says it; null: the system.", examples=["alice"]
    )


class NoteIn(SayWish):
    """A note for colleagues, by whom."""

    agent_id: AgentName


class MarkIn(MarkWish):
    """How far one side has come."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"by": "agent", "sequence": 12}]})

    by: Literal[Author.AGENT, Author.CUSTOMER] = Field(
        default=Author.AGENT, description="Which side: agent or customer.", examples=["agent"]
    )


class ParkIn(ParkWish):
    """A conversation is laid aside, by whom."""

    agent_id: AgentName


class TransferIn(TransferWish):
    """A conversation is handed on, by whom."""

    agent_id: AgentName


class CloseIn(CloseWish):
    """A contact is ended, by whom."""

    agent_id: AgentName | None = Field(
        default=None, description="Who ends it; null: you do.", examples=["alice"]
    )


def desk_of(ports: ApiPorts) -> Conversations:
    """Return the conversations.

    Raises:
        ProblemFound: This node has none.
    """
    if ports.conversations is None:
        raise ProblemFound("unavailable", "no part of this node holds conversations")
    return ports.conversations


async def _standing(ports: ApiPorts, conversation_id: str) -> ConversationOut:
    return ConversationOut.of(await desk_of(ports).conversation(conversation_id))


def check_agent(ports: ApiPorts, agent_id: str) -> None:
    """Refuse the name of an agent whom nobody has.

    Raises:
        NotKnown: There is no such agent.
    """
    if all(view.agent.agent_id != agent_id for view in ports.agents.agents()):
        raise NotKnown("agent", agent_id)


@router.get(
    "/api/v1/conversations/{conversation_id}",
    summary="Get a conversation",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_conversation(
    ports: Ports,
    conversation_id: ConversationPath,
    caller: Annotated[
        CallerShown,
        Query(
            description="`full` shows the customer's address; that it was shown is logged.",
            examples=["masked"],
        ),
    ] = CallerShown.MASKED,
) -> ConversationOut:
    """One conversation: where it stands, who has it, whose it is, how far each side has read."""
    conversation = await desk_of(ports).conversation(conversation_id)
    in_full = caller is CallerShown.FULL
    if in_full:
        _log.info("customer address shown in full over HTTP", conversation_id=conversation_id)
    return ConversationOut.of(conversation, in_full=in_full)


@router.get(
    "/api/v1/conversations/{conversation_id}/messages",
    summary="Read messages",
    response_description="A page of messages in order.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_messages(
    ports: Ports,
    conversation_id: ConversationPath,
    *,
    after: Annotated[
        int,
        Query(ge=0, le=2**31 - 1, description="Only messages behind this one.", examples=[0]),
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=PAGE_MESSAGES_MAX, description="Messages on a page.", examples=[100])
    ] = 100,
    notes: Annotated[
        bool, Query(description="Whether notes among agents are told too.", examples=[True])
    ] = False,
) -> MessagePage:
    """What was said, in order, from a known place on.

    Without `notes` the sequence numbers have gaps where notes stand.
    """
    # One more than asked for tells whether there is a next page.
    found = await desk_of(ports).messages(
        conversation_id, after=after, limit=limit + 1, internal=notes
    )
    page = found[:limit]
    return MessagePage(
        messages=[MessageOut.of(one) for one in page],
        next_after=page[-1].sequence if len(found) > limit else None,
    )


@router.post(
    "/api/v1/conversations/{conversation_id}/messages",
    status_code=201,
    summary="Say something to the customer",
    response_description="The message as it is stored.",
    responses=api_problems("not-known", "conflict", "limit", "unavailable"),
)
async def post_message(ports: Ports, conversation_id: ConversationPath, wish: SayIn) -> MessageOut:
    """Say something: answered when it is committed; then it goes out by the customer's channel.

    The same `agent_id` and `client_id` again return the first message. An agent has to have the
    conversation, else 409.
    """
    said = await desk_of(ports).say(conversation_id, wish.draft(wish.agent_id, internal=False))
    return MessageOut.of(said)


@router.post(
    "/api/v1/conversations/{conversation_id}/notes",
    status_code=201,
    summary="Write a note for colleagues",
    response_description="The note as it is stored.",
    responses=api_problems("not-known", "limit", "unavailable"),
)
async def post_note(ports: Ports, conversation_id: ConversationPath, wish: NoteIn) -> MessageOut:
    """Write a note among the messages, which never goes to the customer; any agent may."""
    noted = await desk_of(ports).say(conversation_id, wish.draft(wish.agent_id, internal=True))
    return MessageOut.of(noted)


@router.post(
    "/api/v1/conversations/{conversation_id}/mark",
    summary="Say how far one side has read",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "unavailable"),
)
async def post_mark(
    ports: Ports, conversation_id: ConversationPath, wish: MarkIn
) -> ConversationOut:
    """One side has messages up to a sequence, or has read them; never goes back."""
    await desk_of(ports).mark(conversation_id, wish.by, wish.delivery, wish.sequence)
    return await _standing(ports, conversation_id)


@router.post(
    "/api/v1/conversations/{conversation_id}/park",
    summary="Lay a conversation aside",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def post_park(
    ports: Ports, conversation_id: ConversationPath, wish: ParkIn
) -> ConversationOut:
    """Lay a mail or message aside until a time, or until the customer writes.

    It takes none of the agent's slots meanwhile. A chat whose customer is present cannot be laid
    aside: 409.
    """
    await desk_of(ports).park(conversation_id, wish.agent_id, wish.until_utc)
    return await _standing(ports, conversation_id)


@router.post(
    "/api/v1/conversations/{conversation_id}/resume",
    summary="Take a conversation up again",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def post_resume(ports: Ports, conversation_id: ConversationPath) -> ConversationOut:
    """Take up what was laid aside: it waits, and next for the agent who laid it aside."""
    await desk_of(ports).resume(conversation_id)
    return await _standing(ports, conversation_id)


@router.post(
    "/api/v1/conversations/{conversation_id}/transfer",
    summary="Hand a conversation on",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def post_transfer(
    ports: Ports, conversation_id: ConversationPath, wish: TransferIn
) -> ConversationOut:
    """Hand a conversation on: to an agent, to a queue, or to whoever has a skill."""
    await wish.ask(desk_of(ports), conversation_id, wish.agent_id)
    return await _standing(ports, conversation_id)


@router.post(
    "/api/v1/conversations/{conversation_id}/close",
    summary="End a conversation's contact",
    response_description="The conversation as it stands.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def post_close(
    ports: Ports, conversation_id: ConversationPath, wish: CloseIn
) -> ConversationOut:
    """End its contact; the conversation rests until the customer writes again."""
    await desk_of(ports).close(
        conversation_id, agent_id=wish.agent_id, disposition=wish.disposition
    )
    return await _standing(ports, conversation_id)


@router.get(
    "/api/v1/agents/{agent_id}/conversations",
    summary="List an agent's conversations",
    response_description="What he serves or has laid aside, the oldest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_agent_conversations(ports: Ports, agent_id: AgentPath) -> ConversationList:
    """The conversations that an agent serves or has laid aside, the oldest first."""
    check_agent(ports, agent_id)
    found = await desk_of(ports).agent_has(agent_id)
    return ConversationList(conversations=[ConversationOut.of(one) for one in found])


@router.post(
    "/api/v1/agents/{agent_id}/offers/{offer_id}/accept",
    summary="Take an offer",
    response_description="The conversation, which is his now.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def accept_offer(ports: Ports, agent_id: AgentPath, offer_id: OfferPath) -> ConversationOut:
    """Take an offered conversation on an agent's behalf; 409 when the offer is settled already."""
    check_agent(ports, agent_id)
    taken = await desk_of(ports).accept(agent_id, offer_id)
    if taken is None:
        raise ProblemFound("conflict", f"offer {offer_id!r} is settled otherwise")
    return ConversationOut.of(taken)


@router.post(
    "/api/v1/agents/{agent_id}/offers/{offer_id}/decline",
    status_code=204,
    summary="Refuse an offer",
    response_description="It is refused, or was settled already.",
    responses=api_problems("not-known", "unavailable"),
)
async def decline_offer(ports: Ports, agent_id: AgentPath, offer_id: OfferPath) -> None:
    """Refuse an offered conversation on an agent's behalf; another agent is looked for."""
    check_agent(ports, agent_id)
    await desk_of(ports).decline(agent_id, offer_id)


@router.get(
    "/api/v1/customers/{customer_id}/conversations",
    summary="List a customer's conversations",
    response_description="A page of conversations, the newest first.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_customer_conversations(
    ports: Ports,
    customer_id: Annotated[
        str,
        Path(
            pattern=HEX_ID,
            description="Ours, 32 hexadecimal digits.",
            examples=["5f1c0a3be8d94b7c9a0d2e64f7b81c35"],
        ),
    ],
    before: Annotated[
        str | None,
        Query(
            max_length=100,
            description="`next_before` of the page before.",
            examples=["2027-03-01T09:14:40.120000+00:00_0192f0c1a6b87d3e9c41d2a35b6e7f80"],
        ),
    ] = None,
) -> ConversationPage:
    """The conversations in which a customer's timeline has an entry, the newest entry first.

    A page looks through 100 entries; one that reaches over pages comes with each of them.
    """
    if ports.timelines is None:
        raise ProblemFound("unavailable", "no part of this node keeps timelines")
    desk = desk_of(ports)
    page = await ports.timelines.timeline(customer_id, limit=PAGE_ENTRIES, before=before)
    ids = dict.fromkeys(one.conversation_id for one in page.entries if one.conversation_id)
    found = [ConversationOut.of(await desk.conversation(one)) for one in ids]
    return ConversationPage(conversations=found, next_before=page.before)
