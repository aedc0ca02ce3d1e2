"""Identities over HTTP: addresses linked, customers merged, the question whose contact it is."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path

from channels.http.access import BEARER, ApiPorts, Ports, api_problems
from channels.http.contacts import CONTACT_ID, CallerShown, ContactPath
from channels.http.customers import NumberPath, Shown, directory_of, find_customer
from channels.http.identity_models import (
    AddressIn,
    CandidatesOut,
    ConfirmIn,
    IdentifiersOut,
    KnownIdentifierOut,
    LinkIn,
    MergeIn,
    MergeOut,
    MergesOut,
    UndoIn,
)
from channels.http.problem import ProblemFound
from domain.customer_ports import CustomerView
from domain.identity_ports import Identities, IdentityDesk, Recognition

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["customers"], dependencies=[BEARER])


def identities_of(ports: ApiPorts) -> Identities:
    """Return who knows who is who.

    Raises:
        ProblemFound: Nobody on this node.
    """
    if ports.identities is None:
        raise ProblemFound("unavailable", "no part of this node knows customers")
    return ports.identities


def _desk_of(ports: ApiPorts) -> IdentityDesk:
    if ports.identity_desk is None:
        raise ProblemFound("unavailable", "no part of this node knows customers")
    return ports.identity_desk


@router.get(
    "/api/v1/customers/{number}/identifiers",
    summary="List a customer's addresses",
    response_description="His addresses and those of his parts.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_identifiers(
    ports: Ports, number: NumberPath, identifiers: Shown = CallerShown.MASKED
) -> IdentifiersOut:
    """By which addresses a customer is recognised, and how sure it is that each is his."""
    customer_id = (await find_customer(ports, number)).customer.customer_id
    in_full = identifiers is CallerShown.FULL
    if in_full:
        _log.info("customer's addresses shown in full over HTTP", customer_id=customer_id)
    known = await identities_of(ports).identifiers(customer_id)
    return IdentifiersOut(
        identifiers=[KnownIdentifierOut.of(one, in_full=in_full) for one in known]
    )


@router.post(
    "/api/v1/customers/{number}/identifiers",
    status_code=204,
    summary="Link an address to a customer",
    response_description="It is his.",
    responses=api_problems("not-known", "limit", "unavailable"),
)
async def link_identifier(ports: Ports, number: NumberPath, told: LinkIn) -> None:
    """Let an address belong to a customer; others may have it as well.

    `proved` says that it is his alone: whoever comes under it is he from now on, and a caller
    whom nobody has entered and who was known by it alone becomes part of him.
    """
    customer_id = (await find_customer(ports, number)).customer.customer_id
    await identities_of(ports).link(customer_id, told.identifier(), told.proof, told.by)


@router.delete(
    "/api/v1/customers/{number}/identifiers",
    status_code=204,
    summary="Take an address away from a customer",
    response_description="It is no longer his.",
    responses=api_problems("not-known", "unavailable"),
)
async def unlink_identifier(ports: Ports, number: NumberPath, told: AddressIn) -> None:
    """Take an address away from a customer, or from the part of him whose it is.

    The address is in the body, for a path would stand in logs on the way.
    """
    customer_id = (await find_customer(ports, number)).customer.customer_id
    await identities_of(ports).unlink(customer_id, told.identifier(), told.by)


@router.get(
    "/api/v1/customers/{number}/merges",
    summary="List a customer's merges",
    response_description="Every merge that he or a part of him has had part in.",
    responses=api_problems("not-known", "unavailable"),
)
async def list_merges(ports: Ports, number: NumberPath) -> MergesOut:
    """With whom a customer was made one, by whom and why, and what of it was undone."""
    customer_id = (await find_customer(ports, number)).customer.customer_id
    merges = await identities_of(ports).merges(customer_id)
    return MergesOut(merges=[MergeOut.of(one) for one in merges])


@router.post(
    "/api/v1/customers/{number}/merges",
    status_code=201,
    summary="Merge two customers",
    response_description="The merge.",
    responses=api_problems("not-known", "conflict", "limit", "unavailable"),
)
async def merge_customers(ports: Ports, number: NumberPath, told: MergeIn) -> MergeOut:
    """Let another customer be part of this one: they are one person.

    Everything of both is then found under this one. Nothing is moved, so that undoing it gives
    each again what was his, and what came meanwhile by his own addresses.
    """
    customer_id = (await find_customer(ports, number)).customer.customer_id
    member_id = (await find_customer(ports, told.member_id)).customer.customer_id
    merge = await identities_of(ports).merge(customer_id, member_id, told.by, told.reason)
    return MergeOut.of(merge)


@router.post(
    "/api/v1/merges/{merge_id}/undo",
    summary="Undo a merge",
    response_description="The merge, undone.",
    responses=api_problems("not-known", "conflict", "unavailable"),
)
async def undo_merge(
    ports: Ports,
    merge_id: Annotated[
        str,
        Path(
            pattern=CONTACT_ID,
            description="32 hexadecimal digits.",
            examples=["0192f0c1a6b87d3e9c41d2a35b6e7f80"],
        ),
    ],
    told: UndoIn,
) -> MergeOut:
    """Let two customers be two again; merges that were made later stay as they were said."""
    return MergeOut.of(await identities_of(ports).unmerge(merge_id, told.by, told.reason))


@router.get(
    "/api/v1/contacts/{contact_id}/candidates",
    summary="Whose contact could it be",
    response_description="The customer, or who could be meant.",
    responses=api_problems("not-known", "unavailable"),
)
async def get_candidates(ports: Ports, contact_id: ContactPath) -> CandidatesOut:
    """Whose contact it is, and when several could be meant: a hint at each.

    A hint is enough to ask the customer who he is and too little to tell him of somebody else.
    The event CustomerRecognised with more than one candidate says that there is a question.
    """
    recognition = await _desk_of(ports).candidates(contact_id)
    return await _answer(ports, contact_id, recognition)


@router.post(
    "/api/v1/contacts/{contact_id}/customer",
    summary="Say whose contact it is",
    response_description="It is his; his timeline has it.",
    responses=api_problems("not-known", "limit", "unavailable"),
)
async def confirm_customer(ports: Ports, contact_id: ContactPath, told: ConfirmIn) -> CandidatesOut:
    """Say whose contact it is, as the agent who serves it has found out.

    With `proved` the address under which he came is his alone from now on; with `presented` the
    question comes again where others have it too.
    """
    customer_id = (await find_customer(ports, told.customer_id)).customer.customer_id
    recognition = await _desk_of(ports).confirm(contact_id, customer_id, told.by, proof=told.proof)
    return await _answer(ports, contact_id, recognition)


async def _answer(ports: ApiPorts, contact_id: str, recognition: Recognition) -> CandidatesOut:
    views: list[CustomerView] = []
    for one in recognition.candidates:
        view = await directory_of(ports).by_id(one)
        if view is not None:
            views.append(view)
    return CandidatesOut.of(contact_id, recognition, views)
