"""Whether what the section `emotion` names is there, and whether its levels make sense."""

from typing import Final

from config.document import Keys
from config.emotion import PHRASES, Emotion, WindowCount
from config.explain import nearest
from config.review import Review
from config.schema import Analysis
from domain.alert import Audience
from domain.alert_rule import CLEAR_BELOW
from domain.consent import EmotionPolicy
from domain.emotion import EmotionLabel
from domain.emotional_course import DISTRESS_SHARE
from domain.mood import SCALE

_SECTION: Final = "emotion"
_DEFAULT: Final = Emotion()


def check(review: Review) -> None:
    """Run every check of this file."""
    told_by_disclosure(review)
    keys(review)
    workers(review)
    licence(review)
    windows(review)
    moods(review)
    phrases(review)
    rules(review)


def enabled(review: Review) -> bool:
    """Tell whether emotion is read at all."""
    policy = review.text(_SECTION, "consent") or _DEFAULT.consent
    return review.yes(_DEFAULT.enabled, _SECTION, "enabled") and policy != EmotionPolicy.OFF


def told_by_disclosure(review: Review) -> None:
    """Refuse to read the emotion of customers who are not told: silence is no consent then.

    EU AI Act, article 50(3).
    """
    policy = review.text(_SECTION, "consent") or _DEFAULT.consent
    if not enabled(review) or policy != EmotionPolicy.NOTICE:
        return
    for item in review.items("queues"):
        keys = (*item, "prompts", "disclosure")
        if review.document.at(keys) is not None and review.text(*keys) is None:
            review.refuse(
                keys,
                "nothing, while emotion.consent is notice",
                "a prompt that says that emotion is read",
                "or emotion.consent opt_in, or emotion.enabled false",
            )


def keys(review: Review) -> None:
    """Refuse one key for two answers, and an agreement that nobody can give; warn of prompts."""
    if not enabled(review):
        return
    agree, refuse = (
        getattr(_DEFAULT, field)
        if review.document.at((_SECTION, field)) is None
        else review.text(_SECTION, field)
        for field in ("agree_key", "refuse_key")
    )
    if agree is not None and agree == refuse:
        review.refuse((_SECTION, "refuse_key"), agree, "another key than agree_key")
    policy = review.text(_SECTION, "consent") or _DEFAULT.consent
    if policy == EmotionPolicy.OPT_IN and agree is None:
        review.warn(
            (_SECTION, "agree_key"),
            "nothing, while emotion.consent is opt_in",
            "a key",
            "callers can then agree only through the API",
        )
    if agree not in {None, _DEFAULT.agree_key} or refuse != _DEFAULT.refuse_key:
        review.warn(
            (_SECTION, "refuse_key"),
            f"{agree} and {refuse}",
            f"{_DEFAULT.agree_key} and {_DEFAULT.refuse_key}, which our prompts name",
            "record prompts of your own and name them in `prompts.disclosure` of each queue",
        )


def workers(review: Review) -> None:
    """Refuse to read emotion where nobody listens."""
    if enabled(review) and review.whole(Analysis().workers, "analysis", "workers") == 0:
        review.refuse(("analysis", "workers"), "0, while emotion.enabled is true", "at least 1")


def licence(review: Review) -> None:
    """Warn of weights that a business may not use."""
    if enabled(review) and review.text(_SECTION, "weights") == "prosody-research":
        review.warn(
            (_SECTION, "weights"),
            "prosody-research, trained on recordings licensed for research only",
            "prosody-open, where a business uses it",
        )


def windows(review: Review) -> None:
    """Refuse windows that leave speech unheard or are never judged."""
    default = _DEFAULT.windows
    around = (_SECTION, "windows")
    length_s = review.number(default.length_s, *around, "length_s")
    if length_s is None:
        return
    for field, usual in (("hop_s", default.hop_s), ("voiced_s_min", default.voiced_s_min)):
        value = review.number(usual, *around, field)
        if value is not None and value > length_s:
            review.refuse((*around, field), f"{value:g}", f"at most length_s, {length_s:g}")


def moods(review: Review) -> None:
    """Refuse levels that are no scale: left above where it is entered, or out of order."""
    before = {"enter": 0.0, "leave": 0.0}
    for mood in SCALE[1:]:
        levels: dict[str, float] = {}
        for field in before:
            name = f"{mood}_{field}"
            value = review.number(getattr(_DEFAULT.moods, name), _SECTION, "moods", name)
            if value is None:
                return
            levels[field] = value
        enter, leave = levels["enter"], levels["leave"]
        for field, value in levels.items():
            if value <= before[field]:
                least = f"more than that of the milder mood, {before[field]:g}"
                review.refuse((_SECTION, "moods", f"{mood}_{field}"), f"{value:g}", least)
        if leave >= enter:
            allowed = f"less than {mood}_enter, {enter:g}"
            review.refuse((_SECTION, "moods", f"{mood}_leave"), f"{leave:g}", allowed)
        if mood is SCALE[-1] and enter <= DISTRESS_SHARE:
            review.refuse(
                (_SECTION, "moods", f"{mood}_enter"),
                f"{enter:g}",
                f"more than {DISTRESS_SHARE:g}",
                "agitation and sadness alone reach that, and they are no anger",
            )
        before = levels


def phrases(review: Review) -> None:
    """Refuse a phrase that says nothing, and a name that stands twice."""
    _unique(review, (_SECTION, "phrases"))
    for item in review.items(_SECTION, "phrases"):
        if all(review.document.at((*item, language)) is None for language in ("en", "zh")):
            review.refuse(item, "neither en nor zh", "at least one of them")


def rules(review: Review) -> None:
    """Refuse a rule that looks for nothing, can never rise, or names what is not there."""
    _unique(review, (_SECTION, "rules"))
    texts = _phrase_languages(review)
    for item in review.items(_SECTION, "rules"):
        _condition(review, item)
        _levels(review, item)
        _queues(review, item)
        _advice(review, item, texts)
        _transfer(review, item)


def _condition(review: Review, item: Keys) -> None:
    """Exactly one thing is looked for, for exactly one span, and the weights know of it."""
    for one, other in (("label", "mood"), ("windows", "seconds")):
        there = [review.document.at((*item, field)) is not None for field in (one, other)]
        if all(there):
            review.refuse((*item, other), f"{other} beside {one}", f"one of {one} and {other}")
        elif not any(there):
            review.refuse(item, f"neither {one} nor {other}", "one of them")
    label = review.text(*item, "label")
    weights = review.text(_SECTION, "weights") or _DEFAULT.weights
    if label in set(EmotionLabel) and label != EmotionLabel.ANGRY and weights == "prosody-open":
        review.refuse(
            (*item, "label"), f"{label}, which prosody-open does not know", EmotionLabel.ANGRY
        )
    usual = WindowCount()
    if review.document.at((*item, "windows")) is not None:
        least = review.whole(usual.at_least, *item, "windows", "at_least")
        most = review.whole(usual.of, *item, "windows", "of")
        if least is not None and most is not None and least > most:
            keys = (*item, "windows", "at_least")
            review.refuse(keys, f"{least}", f"at most of, {most}", "the rule could never rise")


def _levels(review: Review, item: Keys) -> None:
    level = review.number(None, *item, "level")
    clear = review.number(None, *item, "clear_level")
    if review.document.at((*item, "level")) is None:
        if review.document.at((*item, "label")) is not None:
            review.refuse(item, "a label without a level", "level, from 0 to 1")
        if clear is not None:
            review.refuse((*item, "clear_level"), f"{clear:g} without level", "both or neither")
    elif level is not None and level <= 0:
        review.refuse((*item, "level"), f"{level:g}", "more than 0", "every window reaches that")
    elif level is not None and clear is not None and clear >= level:
        hint = f"leave it out for {max(0.0, level - CLEAR_BELOW):g}"
        review.refuse((*item, "clear_level"), f"{clear:g}", f"less than level, {level:g}", hint)


def _queues(review: Review, item: Keys) -> None:
    known = [name for queue in review.items("queues") if (name := review.text(*queue, "id"))]
    for keys, name in review.texts(*item, "queues"):
        if name not in known:
            _unknown(review, keys, name, "queue", known)


def _advice(review: Review, item: Keys, texts: dict[str, set[str]]) -> None:
    """The agent's advice is there, in the language of every queue that the rule looks at."""
    told = [text for _, text in review.texts(*item, "tell")]
    name = review.text(*item, "advice")
    if name is None:
        if Audience.AGENT in told:
            review.refuse((*item, "tell"), "agent without advice", "advice, the name of a phrase")
        return
    if Audience.AGENT not in told:
        review.refuse((*item, "advice"), f"{name!r}, which nobody is told", "tell with agent")
    if name not in texts:
        _unknown(review, (*item, "advice"), name, "phrase", sorted(texts))
        return
    wanted = {text for _, text in review.texts(*item, "queues")}
    for queue in review.items("queues"):
        queue_id = review.text(*queue, "id")
        language = review.text(*queue, "language") or "en"
        if (not wanted or queue_id in wanted) and language not in texts[name]:
            review.refuse(
                (*item, "advice"),
                f"{name!r}, which has no {language}",
                f"a phrase in {language}, the language of queue {queue_id}",
            )
            return


def _transfer(review: Review, item: Keys) -> None:
    skill = review.text(*item, "transfer", "skill")
    if skill is None:
        return
    best: dict[str, int] = {}
    for agent in review.items("agents"):
        for name, level in review.proficiencies(*agent, "skills").items():
            best[name] = max(level, best.get(name, 0))
    keys = (*item, "transfer", "skill")
    least = review.whole(1, *item, "transfer", "proficiency_min")
    if skill not in best:
        _unknown(review, keys, skill, "skill of an agent", sorted(best))
    elif least is not None and best[skill] < least:
        review.refuse(
            keys,
            f"{skill} from {least}, while the best agent has {best[skill]}",
            "a skill that an agent has so well",
        )


def _phrase_languages(review: Review) -> dict[str, set[str]]:
    """Return the languages of every phrase: ours, and the operator's."""
    texts = {phrase.id: set(phrase.texts()) for phrase in PHRASES}
    for item in review.items(_SECTION, "phrases"):
        name = review.text(*item, "id")
        if name is not None:
            own = {language for language in ("en", "zh") if review.text(*item, language)}
            texts[name] = texts.get(name, set()) | own
    return texts


def _unknown(review: Review, keys: Keys, name: str, kind: str, known: list[str]) -> None:
    meant = nearest(name, known)
    hint = f"did you mean {meant}?" if meant else ""
    review.refuse(keys, f"{name!r}, which is no {kind}", f"the name of a {kind}", hint)


def _unique(review: Review, around: Keys) -> None:
    first: dict[str, Keys] = {}
    for item in review.items(*around):
        name = review.text(*item, "id")
        if name is not None and first.setdefault(name, item) != item:
            hint = f"the first is on line {review.line(first[name])}"
            review.refuse((*item, "id"), f"{name!r} a second time", "each name once", hint)
