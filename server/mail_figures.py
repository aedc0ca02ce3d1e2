"""How the figures of mail become figures of the metrics' families."""

from collections.abc import Callable, Iterable

from channels.mail.figures import MailFigures
from server.metrics import Buckets, Figure, FigureSource


def mail_figures(read_figures: Callable[[], MailFigures]) -> FigureSource:
    """Return what mail has come in and gone out."""

    def read() -> Iterable[Figure]:
        figures = read_figures()
        for (way, box), number in sorted(figures.taken.items()):
            yield Figure("warmline_mail_taken", number, (way, box))
        for family, counted in (
            ("warmline_mail_outcomes", figures.outcomes),
            ("warmline_mail_quarantined", figures.quarantined),
            ("warmline_mail_turned_away", figures.turned_away),
            ("warmline_mail_imap_fetched", figures.imap_fetched),
            ("warmline_mail_imap_failures", figures.imap_failures),
        ):
            for label, number in sorted(counted.items()):
                yield Figure(family, number, (label,))
        yield Figure("warmline_mail_refused_recipients", figures.refused_recipients)
        yield Figure("warmline_mail_connections", figures.connections)
        yield Figure(
            "warmline_mail_take_seconds", Buckets(figures.take_s.rows(), figures.take_s.total)
        )
        for outcome in ("sent", "failed", "put_off", "bounced"):
            yield Figure("warmline_mail_sent", getattr(figures, outcome), (outcome,))
        yield Figure("warmline_mail_in_flight", figures.in_flight)
        yield Figure(
            "warmline_mail_way_seconds", Buckets(figures.way_s.rows(), figures.way_s.total)
        )

    return read
