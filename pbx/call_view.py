"""A running call as the API shows it."""

from domain.ports import CallView
from pbx.call_task import CallTask
from pbx.flow import CallFlow


def view_of(task: CallTask, flow: CallFlow, now_s: float) -> CallView:
    """Return a call as it stands.

    Args:
        task: Serves it.
        flow: Of the task.
        now_s: The injected monotonic clock, seconds.
    """
    contact = flow.contact
    return CallView(
        contact_id=contact.contact_id,
        queue_id=contact.queue_id,
        state=contact.state,
        agent_id=contact.agent_id,
        arrived_at=contact.arrived_at,
        seconds=now_s - contact.arrived_s,
        legs=flow.legs.views(),
        cell_id="" if task.cell is None else task.cell.cell_id,
    )
