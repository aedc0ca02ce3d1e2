"""When each queue is open, by its calendar."""

from config.schema import Configuration
from domain.opening import Opening, OpeningHours


def opening_hours(configuration: Configuration) -> OpeningHours:
    """Return the opening hours of every queue; the review has seen that its calendar is there."""
    calendars = {calendar.id: calendar for calendar in configuration.business_hours}
    return OpeningHours(
        {
            queue.id: Opening(
                hours=calendars[queue.opening.calendar].hours_of(),
                other_queue=queue.opening.other_queue,
            )
            for queue in configuration.queues
            if queue.opening is not None
        }
    )
