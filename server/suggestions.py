"""What customers may need next, joined: stored histories, a model of needs, who tells the agent."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bus.local import LocalBus
from config.schema import Configuration
from config.suggestions import Suggestions
from domain.need import SuggestionDesk
from domain.ports import Clock
from router.prediction.markov import NeedModel
from router.prediction.saved import NeedLearner
from router.prediction.service import SuggestionService
from server.learning import LearningKeeper
from server.learning_figures import suggestion_figures
from server.metrics import FigureSource
from store.opening import Store

LEARNER: Final = "needs"
"""Under which name what was learnt is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionsAtWork:
    """What the rest of a node asks of suggestions.

    Attributes:
        desk: For the API.
        figures: For the metrics.
        failures: Times that what was learnt was not stored or taken up.
        reload: Puts another section of the configuration in force.
    """

    desk: SuggestionDesk
    figures: FigureSource
    failures: Callable[[], int]
    reload: Callable[[Suggestions], None]


@asynccontextmanager
async def suggestions_at_work(
    settings: Configuration, store: Store, bus: LocalBus, clock: Clock
) -> AsyncIterator[SuggestionsAtWork]:
    """Learn what customers need after what, and tell agents; leaving stores what was learnt.

    A switch to on or off is a reload: switched off it reads nothing and says nothing.
    """
    model = NeedModel(half_life_days=settings.suggestions.half_life_days)
    async with AsyncExitStack() as exits:
        # Before the service, whose first reading goes on from where the stored learning ended.
        keeper = LearningKeeper(LEARNER, NeedLearner(model), store.learning)
        await exits.enter_async_context(keeper)
        service = SuggestionService(
            settings.suggestions,
            events=bus,
            clock=clock,
            histories=store.need_histories,
            model=model,
        )
        await exits.enter_async_context(service)
        yield SuggestionsAtWork(
            desk=service,
            figures=suggestion_figures(service.figures),
            failures=lambda: keeper.failures,
            reload=service.reload,
        )
