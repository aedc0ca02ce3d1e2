"""A fake of the desk of alerts, moods and consent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from domain.alert import AlertState
from domain.care_ports import AlertView, ModelView, MoodView, WeightsView
from domain.consent import Answer, EmotionPolicy, Ground, Purpose
from domain.errors import IllegalTransition, NotKnown
from domain.mood import Mood
from tests.emotion_support import PITCH
from tests.unit.channels.http.fakes import START, contact_id


def alert_id(number: int) -> str:
    return f"a1e7{number:028x}"


def alert_view(number: int, queue_id: str = "support", **changes: object) -> AlertView:
    view = AlertView(
        alert_id=alert_id(number),
        contact_id=contact_id(number),
        queue_id=queue_id,
        rule_id="angry",
        agent_id="alice",
        state=AlertState.RISEN,
        risen_at=START + timedelta(seconds=number),
        mood=Mood.ANGRY,
        intensity=0.75,
        evidence=(PITCH,),
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def mood_view(number: int, ground: Ground = Ground.TOLD) -> MoodView:
    return MoodView(
        contact_id=contact_id(number),
        mood=Mood.UNEASY,
        intensity=0.5,
        trend_per_min=0.25,
        confidence=0.625,
        evidence=(PITCH,),
        ground=ground,
        model="prosody-open@1",
    )


WEIGHTS = WeightsView(
    name="prosody-open",
    version=1,
    business_use=True,
    licence="GPL-3.0-or-later.",
    scores=("anger", "arousal"),
    not_for=("Judging staff.",),
)


@dataclass
class FakeCare:
    """Two open alerts, one of them taken up, and two running contacts."""

    views: dict[str, AlertView] = field(
        default_factory=lambda: {
            alert_id(1): alert_view(1),
            alert_id(2): alert_view(
                2,
                "billing",
                state=AlertState.ACKNOWLEDGED,
                acknowledged_by="bob",
                acknowledged_after_s=4.5,
            ),
        }
    )
    moods: dict[str, MoodView] = field(
        default_factory=lambda: {
            contact_id(1): mood_view(1),
            contact_id(2): mood_view(2, Ground.REFUSED),
        }
    )
    answers: list[tuple[str, Purpose, Answer]] = field(default_factory=list)
    at_work: ModelView = field(
        default_factory=lambda: ModelView(
            enabled=True, policy=EmotionPolicy.NOTICE, weights=WEIGHTS
        )
    )

    def alerts(self) -> Sequence[AlertView]:
        return list(self.views.values())

    def acknowledge(self, alert_id: str, by: str) -> AlertView:
        view = self.views.get(alert_id)
        if view is None:
            raise NotKnown("open alert", alert_id)
        if view.state is not AlertState.RISEN:
            raise IllegalTransition("AlertState", view.state, "acknowledge")
        view = replace(
            view, state=AlertState.ACKNOWLEDGED, acknowledged_by=by, acknowledged_after_s=2.5
        )
        self.views[alert_id] = view
        return view

    def mood(self, contact_id: str) -> MoodView | None:
        return self.moods.get(contact_id)

    def answer(self, contact_id: str, purpose: Purpose, answer: Answer) -> None:
        if contact_id not in self.moods:
            raise NotKnown("running contact", contact_id)
        self.answers.append((contact_id, purpose, answer))

    def model(self) -> ModelView:
        return self.at_work
