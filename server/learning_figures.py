"""The figures of learning and of suggestions, as metrics."""

from collections.abc import Callable, Iterable, Mapping

from domain.learning import LearningDesk
from router.prediction.service import SuggestionFigures
from server.metrics import Figure, FigureSource


def learning_figures(desk: LearningDesk, failures: Mapping[str, Callable[[], int]]) -> FigureSource:
    """Return what was learnt from outcomes, and what it is worth.

    Args:
        desk: The outcome model.
        failures: Times that learning was not stored or taken up, by learner.
    """

    def read() -> Iterable[Figure]:
        view = desk.view()
        uplift = view.uplift
        yield Figure("warmline_learning_outcomes", view.outcomes)
        yield Figure("warmline_learning_compared", uplift.learned, ("learned",))
        yield Figure("warmline_learning_compared", uplift.control, ("control",))
        for bound in ("difference", "low", "high"):
            value: float | None = getattr(uplift, bound)
            if value is not None:
                yield Figure("warmline_learning_uplift", value, (bound,))
        for learner, count in failures.items():
            yield Figure("warmline_learning_failures", count(), (learner,))

    return read


def suggestion_figures(read_suggestions: Callable[[], SuggestionFigures]) -> FigureSource:
    """Return what became of suggestions, and how the model of needs does."""

    def read() -> Iterable[Figure]:
        figures = read_suggestions()
        for outcome in ("made", "nothing", "refused", "dropped"):
            yield Figure("warmline_suggestions", getattr(figures, outcome), (outcome,))
        yield Figure("warmline_suggestion_steps", figures.steps)
        yield Figure("warmline_suggestion_failures", figures.failed)
        yield Figure("warmline_suggestion_gain_nats", figures.gain_nats)
        yield Figure("warmline_suggestion_proven", int(figures.proven))
        yield Figure("warmline_suggestion_hits_ratio", figures.model_hits, ("model",))
        yield Figure("warmline_suggestion_hits_ratio", figures.baseline_hits, ("most_popular",))

    return read
