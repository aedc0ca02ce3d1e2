"""The section `emotion` of the schema: whether emotion is read, and what is done about it."""

from typing import Annotated, Final, Literal

from pydantic import Field

from config.section import Section
from config.values import Identifier, Proficiency
from domain.alert import Audience
from domain.alert_rule import AGAIN_S, CLEAR_S, CONFIDENCE_MIN, WINDOWS_MAX
from domain.consent import EmotionPolicy
from domain.emotion import EmotionLabel
from domain.emotional_course import DISTRESS_SHARE, SMOOTHING_S
from domain.mood import BANDS, Mood

RULES_MAX: Final = 32
"""Each looks at every window of every call: 32 take 0.1 ms of the event loop a window."""
PHRASES_MAX: Final = 200
"""More than a list that people keep in order."""
PHRASE_CHARACTERS_MAX: Final = 300
"""Two sentences; an agent reads them while the customer speaks."""

Level = Annotated[float, Field(ge=0, le=1)]
Label = Literal[
    EmotionLabel.ANGRY,
    EmotionLabel.HAPPY,
    EmotionLabel.NEUTRAL,
    EmotionLabel.SAD,
    EmotionLabel.FEAR,
    EmotionLabel.SURPRISE,
    EmotionLabel.DISGUST,
]
Distress = Literal[Mood.UNEASY, Mood.UPSET, Mood.ANGRY]
Told = Literal[Audience.SUPERVISOR, Audience.AGENT]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Policy = Literal[EmotionPolicy.NOTICE, EmotionPolicy.OPT_IN, EmotionPolicy.OFF]


_UNEASY, _UPSET, _ANGRY = BANDS


class Moods(Section):
    """Where each mood is entered and left, on the scale of intensity from 0 to 1.

    Below all of them a customer is calm. The distance between entering and leaving keeps a mood
    from flickering.
    """

    uneasy_enter: Level = _UNEASY.enter
    """Something is not as the customer wants it, from this intensity on."""
    uneasy_leave: Level = _UNEASY.leave
    """No longer, at less than this."""
    upset_enter: Level = _UPSET.enter
    """Clear distress, or the beginning of anger; 0.5 is even odds."""
    upset_leave: Level = _UPSET.leave
    """No longer, at less than this."""
    angry_enter: Level = _ANGRY.enter
    """Clear anger, two against one. Must be over 0.6, which agitation and sadness alone reach."""
    angry_leave: Level = _ANGRY.leave
    """No longer, at less than this: even odds, for whoever was told should not be called off by
    one breath."""


class EmotionWindows(Section):
    """The stretches of speech that are judged, and how judgements become a course."""

    length_s: Annotated[float, Field(ge=1, le=6)] = 2.5
    """Speech that is judged together. Shorter is judged worse, longer comes later."""
    hop_s: Annotated[float, Field(ge=0.25, le=6)] = 1.0
    """From one window to the next; each costs one run of the model."""
    voiced_s_min: Annotated[float, Field(ge=0.2, le=6)] = 0.8
    """A window with less speech in it is not judged: one word tells little."""
    smoothing_s: Annotated[float, Field(ge=0.5, le=60)] = SMOOTHING_S
    """How fast a course forgets: two utterances. One loud word does not make a mood."""


class WindowCount(Section):
    """How many of the last windows."""

    at_least: Annotated[int, Field(ge=1, le=WINDOWS_MAX)] = 3
    """So many must fulfil the rule."""
    of: Annotated[int, Field(ge=1, le=WINDOWS_MAX)] = 5
    """Among so many, the last ones."""


class Transfer(Section):
    """To whom the agent is offered to hand the customer over."""

    skill: Identifier
    """What that agent must be able to do."""
    proficiency_min: Proficiency = 1
    """How well: 1 to 5."""


class Phrase(Section):
    """What an agent may say, in the languages of the customers."""

    id: Identifier
    """Name of the phrase, for `advice`."""
    en: Annotated[str, Field(min_length=1, max_length=PHRASE_CHARACTERS_MAX)] | None = None
    """In English."""
    zh: Annotated[str, Field(min_length=1, max_length=PHRASE_CHARACTERS_MAX)] | None = None
    """In Chinese."""

    def texts(self) -> dict[str, str]:
        """Return the phrase by language."""
        texts: dict[str, str] = {}
        if self.en is not None:
            texts["en"] = self.en
        if self.zh is not None:
            texts["zh"] = self.zh
        return texts


PHRASES: Final = (
    Phrase(
        id="calm-down",
        en="I can hear that this is annoying, and I am sorry. Tell me what went wrong;"
        " I will stay with it until we have a solution.",
        zh="我听得出这件事让您很生气，非常抱歉。请您告诉我具体情况，我会一直跟进，直到解决为止。",
    ),
    Phrase(
        id="listen-first",
        en="Let me make sure that I have understood you. Please go on, I am listening.",
        zh="我想确认一下是否理解了您的意思。请您继续说，我在听。",
    ),
)
"""Ours; one of the operator's with the same name goes before."""


class RuleEntry(Section):
    """An alert rule: what is looked for, for how long, and what is done about it."""

    id: Identifier
    """Name of the rule in events and records."""
    label: Label | None = None
    """The emotion that single windows must speak for; either this or `mood`. `prosody-open` knows
    only `angry`."""
    mood: Distress | None = None
    """The mood of the smoothed course, this or a worse one; either this or `label`."""
    level: Level | None = None
    """With `label`: the window's score must be at least this. With `mood`: so must the intensity;
    nothing: the mood alone decides."""
    clear_level: Level | None = None
    """Below this the level counts as gone; nothing: 0.1 below `level`."""
    rising_per_min: Annotated[float, Field(gt=0, le=3)] | None = None
    """The intensity must also rise by so much a minute; nothing: it need not. From calm to angry
    within a minute is about 0.6."""
    confidence_min: Level = CONFIDENCE_MIN
    """A judgement of less confidence raises nothing: whoever is told in vain twice does not look a
    third time."""
    windows: WindowCount | None = None
    """How many of the last windows must fulfil the rule; either this or `seconds`."""
    seconds: Annotated[float, Field(gt=0, le=600)] | None = None
    """How long the rule must be fulfilled, in seconds; either this or `windows`."""
    queues: list[Identifier] = []
    """Queues whose customers it looks at; empty: all."""
    tell: list[Told] = [Audience.SUPERVISOR]
    """Who is told: `supervisor` by an event, `agent` by the phrase named in `advice`."""
    advice: Identifier | None = None
    """Name of the phrase that the agent is shown, in the customer's language."""
    priority_step: Annotated[int, Field(ge=0, le=10)] = 0
    """So many steps of priority earlier a waiting customer is served; never later."""
    transfer: Transfer | None = None
    """To whom the agent is offered to hand the customer over; nothing: it is not offered."""
    clear_s: Annotated[float, Field(ge=0, le=600)] = CLEAR_S
    """The alert clears when the level has been gone for so long; longer than most turns."""
    again_s: Annotated[float, Field(ge=0, le=3600)] = AGAIN_S
    """So long after clearing the rule does not rise again for the same customer."""
    clears_on_acknowledgement: bool = False
    """Whether the alert is over as soon as somebody takes it up, or lasts while the level does."""


RULES: Final = (
    RuleEntry(
        id="angry",
        mood=Mood.ANGRY,
        windows=WindowCount(at_least=2, of=3),
        tell=[Audience.SUPERVISOR, Audience.AGENT],
        advice="calm-down",
        priority_step=1,
    ),
    RuleEntry(
        id="growing-upset",
        mood=Mood.UNEASY,
        rising_per_min=0.6,
        seconds=5.0,
        tell=[Audience.AGENT],
        advice="listen-first",
    ),
)
"""Ours, when the file names none: a supervisor learns of anger, the agent also of its coming."""


class Emotion(Section):
    """How the customer feels: whether it is read, and what is done about it. Never an agent's.

    `enabled`, `weights`, `consent`, `remember_days` and `windows` take a restart; the rest is
    taken over by a reload.
    """

    enabled: bool = False
    """Whether emotion is read from the customer's voice. Off until somebody has decided that it
    may be: he has to be told, and in some countries asked."""
    weights: Literal["prosody-open", "prosody-research"] = "prosody-open"
    """The model: `prosody-open` scores anger and agitation and was trained on what a business may
    use; `prosody-research` names seven emotions and is licensed for research only."""
    consent: Policy = EmotionPolicy.NOTICE
    """What silence means: `notice` reads once the customer has heard the disclosure, until he
    objects; `opt_in` only after he has agreed; `off` never."""
    agree_key: Key | None = "1"
    """The key by which a caller agrees, from the disclosure on until he is served; nothing: none.
    Our prompt for `opt_in`, `disclosure-emotion-consent`, names 1."""
    refuse_key: Key | None = "9"
    """The key by which a caller objects, until he is served; nothing: none. Our prompts name 9."""
    remember_days: Annotated[int, Field(ge=0, le=3650)] = 180
    """How long a caller's answer, and with his agreement how he usually speaks, are remembered for
    his next call, by his number; 0: not at all, and what was remembered is deleted."""
    windows: EmotionWindows = EmotionWindows()
    """The stretches of speech that are judged, and how judgements become a course."""
    moods: Moods = Moods()
    """Where the moods begin on the scale of intensity."""
    rules: Annotated[list[RuleEntry], Field(max_length=RULES_MAX)] = list(RULES)
    """When somebody is told, and what is done; an empty list: nobody is."""
    phrases: Annotated[list[Phrase], Field(max_length=PHRASES_MAX)] = []
    """Your own phrases for agents; ours are `calm-down` and `listen-first`, and yours of the same
    name goes before."""


assert BANDS[-1].enter > DISTRESS_SHARE
