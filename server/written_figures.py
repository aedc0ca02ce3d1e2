"""How the figures of conversations and messengers become figures of the metrics' families."""

from collections.abc import Callable, Iterable, Sequence

from channels.messenger.figures import MessengerFigures
from conversations.figures import ConversationFigures
from server.metrics import Figure, FigureSource


def conversation_figures(read_figures: Callable[[], ConversationFigures]) -> FigureSource:
    """Return how conversations stand."""

    def read() -> Iterable[Figure]:
        figures = read_figures()
        for state in ("waiting", "outside", "served", "parked"):
            yield Figure("warmline_conversations", getattr(figures, state), (state,))
        yield Figure("warmline_conversation_customers_present", figures.present)
        yield Figure("warmline_desks_connected", figures.desks)
        yield Figure("warmline_conversation_records_waiting", figures.records_waiting)
        yield Figure("warmline_conversation_records_dropped", figures.records_dropped)

    return read


def messenger_figures(read_figures: Callable[[], Sequence[MessengerFigures]]) -> FigureSource:
    """Return what messengers have brought and taken."""

    def read() -> Iterable[Figure]:
        for figures in read_figures():
            for outcome in ("received", "duplicates", "refused", "sent", "failed", "given_up"):
                yield Figure(
                    "warmline_messenger_messages",
                    getattr(figures, outcome),
                    (figures.messenger_id, outcome),
                )

    return read
