"""Writes docs/events.md from the events of the domain: `python -m docs.make_events`.

A test holds that the page is up to date, so an event cannot be without its page.
"""

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from domain.alert import Audience, ClearReason
from domain.callback import CallbackOutcome, CallbackRefusal
from domain.consent import Answer, Ground, Purpose
from domain.contact import Disposition
from domain.decision import Candidate, Decision, Obstacle, Reason, Scheme
from domain.emotion import EmotionScore, Evidence, LabelProbabilities
from domain.events import EVENT_TYPES
from domain.mood import Mood
from domain.need import NeedKind, SuggestionReason
from domain.offer import DeclineReason
from domain.prosody import Prosody
from domain.skill import SkillRequirement
from domain.speech import SpeechKind, SpeechSpan

PAGE: Final = Path(__file__).parent / "events.md"

INTRODUCTION: Final = """\
# Events

For those who build on the stream of events: wallboards, reports, customer systems. How to read
the stream and how to go on after a pause stands in [api.md](api.md); who wants to be told of a few
of them has them posted ([webhooks.md](webhooks.md)).

An event says what has happened, never what shall be done. Each comes as one JSON object:

    {"v":1,"seq":42,"at":"2026-11-22T14:15:36.120000+00:00","type":"DisclosurePlayed",
     "event":{"contact_id":"..."}}

`seq` grows from event to event and over restarts, sometimes by more than 1. `at` is wall time,
UTC. `event` holds the fields named below. A reader passes over a type or a field that it does
not know: new ones may come with any version. `v` is raised only when a reader of the old form
would misread the new one.

No event holds personal data. Who a customer is, is read from the contact by its `contact_id`,
by those who may.

An answered call gives `ContactArrived`, `DisclosurePlayed`, `ContactQueued`, `OfferMade`,
`OfferExplained`, `OfferAccepted`, `ContactConnected`, any number of `SpeechObserved`, and
`ContactClosed`, in this order but for `SpeechObserved`: what was said last is heard to its end a
moment after the call. Where emotion is read, `EmotionGroundChanged` says from when on or why not,
`EmotionObserved` comes about once a second of speech, and `MoodChanged`, `AlertRaised`,
`AgentAdvised`, `TransferOffered`, `PriorityRaised`, `AlertAcknowledged` and `AlertCleared` come
among them; the last alert is cleared when the contact is closed. `SuggestionMade` may come after
`OfferMade`, once for each agent who is offered the contact. When an agent does not answer, or his
telephone is lost in mid-call, `ContactQueued` comes again, and what follows it. A
customer who asks to be called back gives `CallbackRequested`; each call to him follows
`OfferAccepted` and gives `CallbackAttempted`, and where he was not reached `ContactQueued` comes
again. Every contact that has arrived is closed once, after a crash of the node too."""

COMMON: Final = {
    "contact_id": "The contact: 32 hexadecimal digits that sort by time of arrival.",
    "alert_id": "The alert; the same in every event of it.",
    "offer_id": "The offer; the same in the event that settles it.",
    "agent_id": "The agent, by his id in the configuration.",
    "queue_id": "The queue, by its id in the configuration.",
    "cell_id": "The process that holds the call.",
    "channel": "How the customer reached us.",
    "language": "BCP 47 tag of the language the customer is served in.",
    "priority": "0 is ordinary; higher is served earlier.",
    "position": "1 is next.",
    "expected_wait_s": "Seconds; null when nothing could be said.",
    "waited_s": "Seconds from joining the queue to the answer.",
    "wait_s": "Seconds from joining the queue to the agent's answer.",
    "talk_s": "Seconds that customer and agent heard each other; 0 when no agent answered.",
    "rang_s": "Seconds that the telephone rang.",
    "reason": "Why.",
    "disposition": "How the contact ended.",
    "before": "The state until now.",
    "after": "The state from now on.",
    "conversation_id": "The conversation, over as many contacts and channels as it takes.",
    "message_id": "The message.",
    "ticket_id": "The ticket.",
    "merge_id": "The merge; the same when it is undone.",
    "customer_id": "The customer, as the API knows him.",
    "member_id": "The customer who is or was part of the other.",
    "by": "Who has said so: an agent by his id, or `api`.",
    "number": "As people call it.",
    "author": "Who has written it.",
    "automatic": "Written by a machine; nobody is asked to answer it.",
    "internal": "A note among agents, which never goes to the customer.",
    "delivery": "How far.",
    "proof": "What speaks for it, the weakest first.",
    "state": "Where it stands.",
    "owner_id": "The agent who works on it; null: nobody.",
    "reachable": "Whether the telephone can be rung.",
    "role": "Which party: `customer` or `agent`.",
    "held": "True: put on hold. False: taken back.",
    "digit": "The key.",
    "decision": "The decision.",
    "span": "What was heard.",
    "score": "The judgement.",
    "purpose": "What for.",
    "answer": "What was said.",
    "kind": "What it is, see below.",
    "pid": "Its process id.",
    "agents": "How many there are now.",
    "queues": "How many there are now.",
    "trunks": "How many there are now.",
}
"""What a field means where the event's docstring does not say it."""

_FORMS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    datetime: "time, UTC",
    Decision: "[decision](#decision)",
    Candidate: "[candidate](#candidate)",
    Reason: "[reason](#reason)",
    Obstacle: "[obstacle](#obstacle)",
    Scheme: "[scheme](#scheme)",
    Disposition: "[disposition](#disposition)",
    DeclineReason: "[decline reason](#decline-reason)",
    CallbackRefusal: "[callback refusal](#callback-refusal)",
    CallbackOutcome: "[callback outcome](#callback-outcome)",
    SpeechSpan: "[span](#span)",
    EmotionScore: "[score](#score)",
    LabelProbabilities: "[probabilities](#probabilities)",
    Evidence: "[evidence](#evidence)",
    Prosody: "[prosody](#prosody)",
    Ground: "[ground](#ground)",
    Mood: "[mood](#mood)",
    Purpose: "[purpose](#purpose)",
    Answer: "[answer](#answer)",
    Audience: "[audience](#audience)",
    ClearReason: "[clear reason](#clear-reason)",
    NeedKind: "[need kind](#need-kind)",
    SuggestionReason: "[suggestion reason](#suggestion-reason)",
    SkillRequirement: "[requirement](#requirement)",
}
"""What has another word than its members, or a table of its own."""
_ATTRIBUTE: Final = re.compile(r"^    (\w[\w, ]*): (.*(?:\n {8}.*)*)", re.MULTILINE)


def meanings(kind: type[Any]) -> dict[str, str]:
    """Return what a dataclass' docstring says of its attributes."""
    _, _, told = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found = {}
    for names, text in _ATTRIBUTE.findall(told):
        for name in names.split(", "):
            # The docstrings speak Python, the page JSON.
            found[name] = " ".join(text.split()).replace("None", "null")
    return found


def members(kind: type[StrEnum]) -> str:
    """Return the table of an enumeration's members, with the text that stands under each."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    lines = ["| value | meaning |", "| --- | --- |"]
    for member, after in zip(body.body, body.body[1:], strict=False):
        match member, after:
            case (
                ast.Assign(value=ast.Constant(value=str(name))),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                lines.append(f"| `{name}` | {' '.join(text.split())} |")
    assert len(lines) == 2 + len(kind), f"a member of {kind.__name__} has no text"
    return "\n".join(lines)


def form(hint: Any) -> str:
    """Return how a value of that type is written in JSON.

    Raises:
        TypeError: There is no word for it here.
    """
    arguments = get_args(hint)
    if isinstance(hint, UnionType) or NoneType in arguments:
        inner = [form(each) for each in arguments if each is not NoneType]
        return " or ".join([*inner, "null"])
    if get_origin(hint) is tuple:
        return f"list of {form(arguments[0])}"
    if get_origin(hint) is Mapping:
        return f"object, {form(arguments[1])} by {form(arguments[0])}"
    if hint in _FORMS:
        return _FORMS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return ", ".join(f"`{each}`" for each in hint)
    raise TypeError(f"no word for {hint!r}")


def rows(kind: type[Any]) -> str:
    """Return the table of a dataclass' fields."""
    hints, told = get_type_hints(kind), meanings(kind)
    lines = ["| field | form | meaning |", "| --- | --- | --- |"]
    for each in fields(kind):
        said = told.get(each.name) or COMMON[each.name]
        lines.append(f"| `{each.name}` | {form(hints[each.name])} | {said} |")
    return "\n".join(lines)


def summary(kind: type[Any]) -> str:
    """Return what a docstring says before its attributes."""
    return (inspect.getdoc(kind) or "").partition("\n\nAttributes:")[0]


def page() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for name, kind in EVENT_TYPES.items():
        parts += [f"## {name}", summary(kind), rows(kind)]
    parts += ["## Span", summary(SpeechSpan), rows(SpeechSpan), members(SpeechKind)]
    parts += ["## Score", summary(EmotionScore), rows(EmotionScore)]
    parts += ["## Probabilities", summary(LabelProbabilities), rows(LabelProbabilities)]
    parts += ["## Evidence", summary(Evidence), rows(Evidence)]
    parts += ["## Prosody", summary(Prosody), rows(Prosody)]
    parts += ["## Mood", summary(Mood), members(Mood)]
    parts += ["## Audience", summary(Audience), members(Audience)]
    parts += ["## Clear reason", summary(ClearReason), members(ClearReason)]
    parts += ["## Need kind", summary(NeedKind), members(NeedKind)]
    parts += ["## Suggestion reason", summary(SuggestionReason), members(SuggestionReason)]
    parts += ["## Purpose", summary(Purpose), members(Purpose)]
    parts += ["## Answer", summary(Answer), members(Answer)]
    parts += ["## Ground", summary(Ground), members(Ground)]
    parts += ["## Decision", summary(Decision), rows(Decision)]
    parts += ["## Candidate", summary(Candidate), rows(Candidate)]
    parts += ["## Reason", summary(Reason), members(Reason)]
    parts += ["## Obstacle", summary(Obstacle), members(Obstacle)]
    parts += ["## Scheme", summary(Scheme), members(Scheme)]
    parts += ["## Requirement", summary(SkillRequirement), rows(SkillRequirement)]
    parts += ["## Disposition", summary(Disposition), members(Disposition)]
    parts += ["## Decline reason", summary(DeclineReason), members(DeclineReason)]
    parts += ["## Callback refusal", summary(CallbackRefusal), members(CallbackRefusal)]
    parts += ["## Callback outcome", summary(CallbackOutcome), members(CallbackOutcome)]
    parts.append("This page is made from `domain/events.py` by `python -m docs.make_events`.")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
