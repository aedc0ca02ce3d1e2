"""A case: one running contact as the alert desk sees it, with its course, watches and alerts."""

from dataclasses import dataclass, field

from domain.alert import Alert
from domain.alert_rule import AlertRule, Watch
from domain.emotional_course import CourseSettings, EmotionalCourse, MoodPoint


@dataclass(slots=True, kw_only=True)
class Case:
    """One contact.

    Attributes:
        agent_id: Who serves it; None while nobody does.
        objects: The customer does not want his emotion read; windows on their way are dropped.
        waits: It stands in a queue, so its priority means something.
        course: How the customer feels.
        heard_at_s: When the last window came in, on the injected clock; None before the first.
        heard_until_s: End of that window, seconds since the contact's first tapped frame.
        spoke_until_s: The same on the injected clock.
        watches: What each rule that looks at it has seen, by the rule's id.
        alerts: Those that are open, by the rule's id: at most one a rule.
        quiet_until_s: When a rule may rise again, by the rule's id.
    """

    contact_id: str
    queue_id: str
    language: str
    course: EmotionalCourse
    agent_id: str | None = None
    objects: bool = False
    waits: bool = False
    heard_at_s: float | None = None
    heard_until_s: float = 0.0
    spoke_until_s: float = 0.0
    watches: dict[str, Watch] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    quiet_until_s: dict[str, float] = field(default_factory=dict)

    def point(self, now_s: float) -> MoodPoint:
        """Return how the customer feels now; what was heard has faded since."""
        silent_s = 0.0 if self.heard_at_s is None else max(0.0, now_s - self.heard_at_s)
        return self.course.at(self.heard_until_s + silent_s)

    def watch(self, rule: AlertRule) -> Watch:
        """Return what a rule has seen here."""
        return self.watches.setdefault(rule.rule_id, Watch(rule))

    def forget_mood(self, settings: CourseSettings) -> None:
        """Begin anew: nothing was heard."""
        self.course = EmotionalCourse(settings)
        self.heard_at_s = None
        self.heard_until_s = 0.0
        self.watches.clear()
