"""A person: the customer of one running contact, what he allows, and whether he may be judged."""

from dataclasses import dataclass, field

from domain.baseline import Baseline
from domain.consent import Answer, Consent, EmotionPolicy, Ground, Permission, Purpose, may_judge
from domain.speech import Speaker


@dataclass(slots=True, kw_only=True)
class Person:
    """One customer.

    Attributes:
        consent: His answers, those of earlier contacts too.
        told: He has heard the disclosure to its end.
        asked: What is remembered of him has been asked for.
        awaited: It has not come yet, so it is not known whether he has objected before.
        baseline: How he usually speaks, from earlier contacts.
        ground: Why he is judged or is not, as it was last published; None: not yet.
    """

    contact_id: str
    consent: Consent = field(default_factory=Consent)
    told: bool = False
    asked: bool = False
    awaited: bool = False
    baseline: Baseline | None = None
    ground: Ground | None = None

    def permission(self, policy: EmotionPolicy) -> Permission:
        """Say whether his voice may be judged now."""
        return may_judge(policy, self.consent, told=self.told, speaker=Speaker.CUSTOMER)

    @property
    def is_unsettled(self) -> bool:
        """Whether an earlier answer may still come that goes before silence."""
        return self.awaited and self.consent.to(Purpose.EMOTION) is Answer.UNKNOWN

    @property
    def agreed(self) -> bool:
        """Whether he has said himself that his emotion may be read."""
        return self.consent.to(Purpose.EMOTION) is Answer.GRANTED
