"""The figures of learning and suggestions are those of their parts."""

from dataclasses import replace

from domain.learning import LearningView, Uplift, Verdict
from router.prediction.service import SuggestionFigures
from server.learning_figures import learning_figures, suggestion_figures
from server.metrics import FAMILIES, Figure


class FakeDesk:
    uplift = Uplift(learned=900, control=100, least=50)

    def view(self) -> LearningView:
        return LearningView(
            enabled=True,
            control_share=0.1,
            load_gain_max=0.25,
            half_life_days=90.0,
            outcomes=1200,
            agents=7,
            topics=(),
            uplift=self.uplift,
        )


def fits(figures: list[Figure]) -> set[Figure]:
    for figure in figures:
        assert len(FAMILIES[figure.family].labels) == len(figure.labels)
    assert len(set(figures)) == len(figures)
    return set(figures)


def test_the_uplift_is_absent_until_it_is_known() -> None:
    desk = FakeDesk()
    found = fits(list(learning_figures(desk, {"outcomes": lambda: 2, "needs": lambda: 0})()))
    assert found == {
        Figure("warmline_learning_outcomes", 1200),
        Figure("warmline_learning_compared", 900, ("learned",)),
        Figure("warmline_learning_compared", 100, ("control",)),
        Figure("warmline_learning_failures", 2, ("outcomes",)),
        Figure("warmline_learning_failures", 0, ("needs",)),
    }
    desk.uplift = replace(desk.uplift, difference=0.05, low=-0.01, high=0.11, verdict=Verdict.OPEN)
    known = fits(list(learning_figures(desk, {})()))
    assert Figure("warmline_learning_uplift", 0.05, ("difference",)) in known
    assert Figure("warmline_learning_uplift", -0.01, ("low",)) in known
    assert Figure("warmline_learning_uplift", 0.11, ("high",)) in known


def test_suggestions_by_what_became_of_them() -> None:
    figures = SuggestionFigures(made=3, nothing=5, refused=1, steps=40, proven=True, model_hits=0.5)
    found = fits(list(suggestion_figures(lambda: figures)()))
    assert Figure("warmline_suggestions", 3, ("made",)) in found
    assert Figure("warmline_suggestions", 5, ("nothing",)) in found
    assert Figure("warmline_suggestion_proven", 1) in found
    assert Figure("warmline_suggestion_hits_ratio", 0.5, ("model",)) in found
