"""Whether what the routing rules name is there: teams, agents, skills, queues, hours."""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from config.document import Keys
from config.explain import nearest
from config.review import Review

_ROUTING: Final = "routing"


def check(review: Review) -> None:
    """Run every check of this file."""
    rings(review)
    relaxations(review)
    overflows(review)
    team_rules(review)
    timezone(review)
    shifts(review)
    exclusions(review)


def rings(review: Review) -> None:
    """Refuse teams and agents in a ring that do not exist."""
    teams = _teams(review)
    agents = _ids(review, "agents")
    for item in review.items("queues"):
        for ring in review.items(*item, _ROUTING, "rings"):
            for keys, name in review.texts(*ring, "teams"):
                _known(review, keys, name, teams, "team of an agent")
            for keys, name in review.texts(*ring, "agents"):
                _known(review, keys, name, agents, "id of an agent")


def relaxations(review: Review) -> None:
    """Refuse steps that name a skill the queue does not ask for, or that ask for more."""
    for item in review.items("queues"):
        asked = review.proficiencies(*item, "skills")
        language = review.whole(1, *item, _ROUTING, "language_min")
        for step in review.items(*item, _ROUTING, "relax"):
            for skill, level in review.proficiencies(*step, "skills").items():
                keys = (*step, "skills", skill)
                if skill not in asked:
                    _known(review, keys, skill, tuple(asked), "skill of the queue", at_key=True)
                elif level > asked[skill]:
                    review.refuse(
                        keys,
                        f"{level}",
                        f"at most {asked[skill]}, which was asked for before",
                        "a requirement is relaxed with time, never tightened",
                    )
                else:
                    asked[skill] = level
            later = review.whole(language or 1, *step, "language_min")
            if language is not None and later is not None:
                if later > language:
                    review.refuse(
                        (*step, "language_min"), f"{later}", f"at most {language}, as before"
                    )
                language = min(language, later)


def overflows(review: Review) -> None:
    """Refuse queues that overflow into nothing, into themselves or in a circle."""
    queues = _ids(review, "queues")
    leads: dict[str, str] = {}
    places: dict[str, Keys] = {}
    for item in review.items("queues"):
        keys = (*item, _ROUTING, "overflow", "queue")
        name, target = review.text(*item, "id"), review.text(*keys)
        if target is None or not _known(review, keys, target, queues, "id of a queue"):
            continue
        if name is not None:
            leads[name], places[name] = target, keys
    for name in leads:
        way = [name]
        while (following := leads.get(way[-1])) is not None and following not in way:
            way.append(following)
        if following == name:
            review.refuse(
                places[name],
                " -> ".join((*way, name)),
                "a queue that does not lead back here",
                "contacts would go round for ever",
            )


def team_rules(review: Review) -> None:
    """Refuse rules about teams and queues that do not exist, and names given twice."""
    teams = _teams(review)
    queues = _ids(review, "queues")
    seen: dict[str, Keys] = {}
    for rule in review.items("router", "team_rules"):
        name = review.text(*rule, "id")
        if name is not None and seen.setdefault(name, rule) != rule:
            review.refuse((*rule, "id"), f"{name!r} a second time", "a name of its own")
        team = review.text(*rule, "team")
        if team is not None:
            _known(review, (*rule, "team"), team, teams, "team of an agent")
        for keys, queue in review.texts(*rule, "queues"):
            _known(review, keys, queue, queues, "id of a queue")


def timezone(review: Review) -> None:
    """Refuse a time zone that this machine does not know."""
    keys = ("router", "timezone")
    name = review.text(*keys)
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        review.refuse(keys, repr(name), "an IANA name such as Europe/Berlin or Asia/Shanghai")


def shifts(review: Review) -> None:
    """Refuse a shift without length."""
    for item in review.items("agents"):
        for shift in review.items(*item, "shifts"):
            begin, end = review.text(*shift, "begin"), review.text(*shift, "end")
            if begin is not None and begin == end:
                review.refuse((*shift, "end"), f"{end}, which is also begin", "another time")


def exclusions(review: Review) -> None:
    """Refuse a channel that would exclude itself: `capacity` says how many of one it may be."""
    for item in review.items("router", "exclusions"):
        pair = [name for _, name in review.texts(*item)]
        if len(pair) == 2 and pair[0] == pair[1]:
            review.refuse(
                item, f"{pair[0]} and itself", "two channels", "see agents.capacity for one"
            )


def _teams(review: Review) -> Sequence[str]:
    names: Mapping[str, None] = {
        team: None
        for item in review.items("agents")
        if (team := review.text(*item, "team")) is not None
    }
    return tuple(names)


def _ids(review: Review, section: str) -> Sequence[str]:
    names = (review.text(*item, "id") for item in review.items(section))
    return tuple(name for name in names if name is not None)


def _known(
    review: Review, keys: Keys, name: str, names: Sequence[str], what: str, *, at_key: bool = False
) -> bool:
    if name in names:
        return True
    meant = nearest(name, names)
    hint = f"did you mean {meant}?" if meant else ""
    review.refuse(keys, repr(name), f"the {what}", hint, at_key=at_key)
    return False
