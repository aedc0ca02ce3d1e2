"""Sensing: which customers' voices may be judged, and the judgement of all that are due at once.

Nobody is judged before the node has permitted it, and then the customer alone. What is due is
always the newest speech, so a worker that comes too late judges less and never later.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from domain.emotion import EmotionScore
from media.baseline import CallerBaseline
from media.judge import VoiceJudge, Window
from media.listener import Listener
from media.orders import Permit
from media.second_stage import SecondStage
from media.windows import WindowSettings

PERMITS_MAX: Final = 2_000
"""Twice the contacts of one worker: permission may be told before audio comes, and after it."""


class Sensing:
    """The emotional ear of one worker.

    Attributes:
        windows: Judged since the start.
        second_stage: Of voice activity, for the ears of those who may be judged; None: there is
            none here.
    """

    def __init__(
        self,
        judge: VoiceJudge,
        settings: WindowSettings,
        second_stage: SecondStage | None = None,
    ) -> None:
        """Begin with nobody permitted."""
        self.second_stage = second_stage
        self.windows = 0
        self._judge = judge
        self._settings = settings
        self._permits: OrderedDict[str, Permit] = OrderedDict()

    def take(self, permit: Permit, listener: Listener | None) -> None:
        """Take a permission or its end.

        Args:
            permit: What the node says.
            listener: The contact's, where its audio comes in already.
        """
        if not permit.allowed:
            self._permits.pop(permit.contact_id, None)
            if listener is not None:
                listener.forbid()
            return
        self._permits[permit.contact_id] = permit
        if len(self._permits) > PERMITS_MAX:
            self._permits.popitem(last=False)
        if listener is not None:
            self.begin(listener)

    def begin(self, listener: Listener) -> None:
        """Let a contact be judged, if the node has permitted that."""
        permit = self._permits.get(listener.contact_id)
        if permit is None:
            return
        listener.permit(self._settings, CallerBaseline(permit.baseline))

    def end(self, contact_id: str) -> None:
        """Forget a contact that is over."""
        self._permits.pop(contact_id, None)

    def sense(self, listeners: Iterable[Listener]) -> list[tuple[Listener, list[EmotionScore]]]:
        """Judge every window that is due; return what was said, by contact."""
        due: list[tuple[Listener, Window]] = []
        for listener in listeners:
            due += [(listener, window) for window in listener.windows()]
        if not due:
            return []
        scores = self._judge.judge([window for _, window in due])
        self.windows += len(scores)
        found: dict[str, tuple[Listener, list[EmotionScore]]] = {}
        for (listener, _), score in zip(due, scores, strict=True):
            found.setdefault(listener.contact_id, (listener, []))[1].append(score)
        return list(found.values())
