"""Whether names, numbers and people in a configuration fit together."""

import ipaddress
from collections.abc import Mapping
from typing import Final

from config import (
    business_hours_review,
    callback_review,
    chat_review,
    conversations_review,
    customers_review,
    emotion_review,
    mail_review,
    messenger_review,
    opening_review,
    outreach_review,
    resources,
    routing_review,
    suggestions_review,
    tickets_review,
    webhook_review,
)
from config.document import Document, Keys, Listing
from config.document import Mapping as MappingBranch
from config.explain import nearest
from config.mistake import Mistake
from config.numbers import canonical
from config.review import Review
from config.schema import FEATURE_CODES, Registrar

WIDE_PREFIX: Final = {4: 8, 6: 16}
"""A trunk network wider than this is most likely a slip of the pen: no carrier has it."""


class Coherence:
    """Every check that looks at more than one value."""

    def __init__(self, document: Document, environ: Mapping[str, str] | None) -> None:
        """Prepare the checks of a document; without `environ` secrets are not looked up."""
        self._review = Review(document, environ)

    @property
    def mistakes(self) -> list[Mistake]:
        """What makes the file unusable."""
        return self._review.mistakes

    @property
    def warnings(self) -> list[Mistake]:
        """What is allowed but odd, in the order of the file."""
        return sorted(self._review.warnings, key=lambda warning: warning.place)

    def check(self) -> None:
        """Run every check."""
        review = self._review
        for section in ("agents", "queues", "trunks", "webhooks", "messengers"):
            unique_ids(review, section)
        agent_names(review)
        queue_numbers(review)
        trunk_numbers(review)
        trunk_admission(review)
        trunk_overlaps(review)
        registration_times(review)
        fixed_contacts(review)
        who_serves(review)
        unasked_skills(review)
        callback_review.check(review)
        chat_review.check(review)
        emotion_review.check(review)
        messenger_review.check(review)
        outreach_review.check(review)
        mail_review.check(review)
        resources.check(review)
        routing_review.check(review)
        webhook_review.check(review)
        conversations_review.check(review)
        customers_review.check(review)
        suggestions_review.check(review)
        business_hours_review.check(review)
        opening_review.check(review)
        tickets_review.check(review)


def unique_ids(review: Review, section: str) -> None:
    """Refuse an id that stands twice in one section."""
    first: dict[str, Keys] = {}
    for item in review.items(section):
        identifier = review.text(*item, "id")
        if identifier is not None:
            _first_come(review, first, identifier, (*item, "id"))


def agent_names(review: Review) -> None:
    """Refuse an extension that stands twice or that is another agent's id.

    Both are user names of a softphone, so each must lead to one agent.
    """
    names: dict[str, Keys] = {}
    owners: dict[str, int | str] = {}
    for item in review.items("agents"):
        identifier = review.text(*item, "id")
        if identifier is not None:
            names.setdefault(identifier, (*item, "id"))
            owners.setdefault(identifier, item[-1])
    for item in review.items("agents"):
        extension = review.text(*item, "extension")
        if extension is not None and owners.get(extension) != item[-1]:
            _first_come(review, names, extension, (*item, "extension"))


def queue_numbers(review: Review) -> None:
    """Refuse a number that leads to two places.

    Numbers that differ in separators or in the plus sign of E.164 alone are one number, for
    carriers send the same number in either form.
    """
    taken: dict[str, Keys] = {}
    for item in review.items("agents"):
        for field in ("id", "extension"):
            name = review.text(*item, field)
            if name is not None:
                taken.setdefault(canonical(name), (*item, field))
    for item in review.items("queues"):
        for keys, number in review.texts(*item, "numbers"):
            if number in FEATURE_CODES:
                review.refuse(
                    keys,
                    f"{number!r}, the feature code for {FEATURE_CODES[number]}",
                    f"a number other than {', '.join(FEATURE_CODES)}",
                )
            else:
                _first_come(review, taken, number, keys, canonical(number))


def trunk_numbers(review: Review) -> None:
    """Refuse a trunk's number that no queue has; warn of a queue's that no trunk brings."""
    numbers = [
        number for item in review.items("queues") for _, number in review.texts(*item, "numbers")
    ]
    answered = {canonical(number) for number in numbers}
    brought: set[str] = set()
    unlimited = False
    for item in review.items("trunks"):
        own = list(review.texts(*item, "numbers"))
        unlimited = unlimited or not own
        for keys, number in own:
            brought.add(canonical(number))
            if canonical(number) not in answered:
                meant = nearest(number, numbers)
                review.refuse(
                    keys,
                    f"{number!r}, which no queue has",
                    "a number of a queue",
                    f"did you mean {meant}?" if meant else "",
                )
    if brought and not unlimited:
        for item in review.items("queues"):
            own_numbers = list(review.texts(*item, "numbers"))
            if own_numbers and not any(canonical(number) in brought for _, number in own_numbers):
                review.warn(
                    (*item, "numbers"),
                    "numbers that no trunk brings",
                    "a number in the list of a trunk",
                    "only agents can call this queue",
                )


def trunk_admission(review: Review) -> None:
    """Refuse a trunk that nothing tells from a stranger, and digest names that collide."""
    names: dict[str, Keys] = {}
    for item in review.items("agents"):
        for field in ("id", "extension"):
            name = review.text(*item, field)
            if name is not None:
                names.setdefault(name, (*item, field))
    for item in review.items("trunks"):
        addresses = list(review.texts(*item, "addresses"))
        digest = isinstance(review.document.at((*item, "digest")), MappingBranch)
        standing = review.document.at((*item, "addresses"))
        nowhere = standing is None or (isinstance(standing, Listing) and not standing.items)
        if nowhere and not digest:
            review.refuse(
                item,
                "neither addresses nor digest",
                "at least one of them",
                "otherwise anybody could bring calls",
            )
        username = review.text(*item, "digest", "username")
        if username is not None:
            _first_come(review, names, username, (*item, "digest", "username"))
        for keys, text in addresses:
            network = _network(text)
            if network is None or network.prefixlen >= WIDE_PREFIX[network.version]:
                continue
            if network.prefixlen == 0 and not digest:
                review.refuse(keys, f"{text!r}, the whole internet", "the carrier's networks")
            else:
                review.warn(
                    keys,
                    f"{text!r}, {network.num_addresses:.2g} addresses",
                    "the carrier's networks",
                )


def trunk_overlaps(review: Review) -> None:
    """Refuse two trunks on the same addresses that no password tells apart."""
    seen: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Keys, bool]] = []
    for item in review.items("trunks"):
        digest = review.document.at((*item, "digest")) is not None
        own = []
        for keys, text in review.texts(*item, "addresses"):
            network = _network(text)
            if network is None:
                continue
            for other, other_keys, other_digest in seen:
                if (
                    network.version == other.version
                    and network.overlaps(other)
                    and not (digest and other_digest)
                ):
                    review.refuse(
                        keys,
                        f"{text!r}, which overlaps {other} of another trunk",
                        "addresses of one trunk alone, or a digest in both",
                        f"the other is on line {review.line(other_keys)}",
                    )
                    break
            own.append((network, keys, digest))
        seen += own


def registration_times(review: Review) -> None:
    """Refuse a default registration time outside its own limits."""
    around = ("sip", "registrar")
    default = Registrar()
    low = review.whole(default.expires_min_s, *around, "expires_min_s")
    high = review.whole(default.expires_max_s, *around, "expires_max_s")
    usual = review.whole(default.expires_default_s, *around, "expires_default_s")
    if low is None or high is None or usual is None:
        return
    if low > high:
        review.refuse((*around, "expires_min_s"), f"{low}", f"at most expires_max_s, {high}")
    elif not low <= usual <= high:
        review.refuse(
            (*around, "expires_default_s"),
            f"{usual}",
            f"from expires_min_s, {low}, to expires_max_s, {high}",
        )


def fixed_contacts(review: Review) -> None:
    """Warn of an agent who waits for a registration that will never come."""
    for item in review.items("agents"):
        wanted = (review.text(*item, "ready_on_register") or "").lower()
        if review.text(*item, "contact") is not None and wanted in {"true", "yes", "on", "1"}:
            review.warn(
                (*item, "ready_on_register"),
                "true beside a fixed contact",
                "false",
                "a telephone on another PBX does not register here; *60 or the API sets him READY",
            )


def who_serves(review: Review) -> None:
    """Warn of a queue that no agent can serve: its callers would wait in vain.

    A warning and not a mistake, because a queue may be prepared before its people are, and
    agents can be added while the node runs.
    """
    # Many agents can the same, so queues times kinds of agent are compared and not times agents.
    kinds = {
        (
            frozenset(review.proficiencies(*item, "skills").items()),
            tuple(review.document.keys((*item, "languages")) or ("en",)),
        )
        for item in review.items("agents")
    }
    agents = [(dict(skills), languages) for skills, languages in kinds]
    taught = sorted({skill for skills, _ in agents for skill in skills})
    for item in review.items("queues"):
        asked = review.proficiencies(*item, "skills")
        missing = False
        for skill, least in asked.items():
            best = max((skills.get(skill, 0) for skills, _ in agents), default=0)
            if best >= least:
                continue
            missing = True
            meant = nearest(skill, taught) if best == 0 else None
            review.warn(
                (*item, "skills", skill),
                f"{skill}, which no agent has"
                if best == 0
                else f"{skill} from {least}, while the best agent has {best}",
                "a skill of an agent",
                f"did you mean {meant}?" if meant else "callers wait until wait_s_max",
                at_key=True,
            )
        language = review.text(*item, "language") or "en"
        if missing:
            continue
        able = [
            languages
            for skills, languages in agents
            if all(skills.get(skill, 0) >= least for skill, least in asked.items())
        ]
        if not able:
            review.warn(
                item,
                "no agent with all its skills" if agents else "no agents",
                "at least one agent who can serve it",
                "callers wait until wait_s_max",
            )
        elif not any(language in languages for languages in able):
            review.warn(
                (*item, "language"),
                f"{language}, which no agent with its skills speaks",
                "a language of an agent with its skills",
                "callers wait until wait_s_max",
            )


def unasked_skills(review: Review) -> None:
    """Warn of an agent's skill that no queue asks for but that looks like one."""
    asked = sorted(
        {
            skill
            for item in review.items("queues")
            for skill in review.document.keys((*item, "skills"))
        }
    )
    meanings: dict[str, str | None] = dict.fromkeys(asked)
    for item in review.items("agents"):
        for skill in review.document.keys((*item, "skills")):
            if skill not in meanings:
                meanings[skill] = nearest(skill, asked)
            meant = meanings[skill]
            if meant:
                review.warn(
                    (*item, "skills", skill),
                    f"{skill}, which no queue asks for",
                    "a skill of a queue",
                    f"did you mean {meant}?",
                    at_key=True,
                )


def _first_come(
    review: Review, taken: dict[str, Keys], name: str, keys: Keys, same_as: str | None = None
) -> None:
    """Refuse a name that was taken before; otherwise take it.

    `same_as` is what names that count as one have in common; None: the name itself.
    """
    first = taken.setdefault(name if same_as is None else same_as, keys)
    if first != keys:
        review.refuse(
            keys,
            f"{name!r} a second time",
            "a name or number that leads to one place",
            f"the first is on line {review.line(first)}",
        )


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None
