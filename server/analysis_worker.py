"""An analysis worker's process: `python -m server.analysis_worker`, started by the node.

Here features and models meet: the packages `media` and `models` do not know one another.
"""

from media import worker
from media.features.functionals import FEATURES_VERSION
from media.judge import VoiceJudge
from media.second_stage import ChunkedStage
from models.emotion import LABELS, EmotionModel
from models.voice_activity import VoiceActivityNetwork, available


def judge_of(weights: str) -> VoiceJudge:
    """Return the judge with a set of weights.

    Raises:
        ModelError: There is no such set, or it does not fit this version's features.
    """
    model = EmotionModel.load(weights, features_version=FEATURES_VERSION)
    return VoiceJudge(model, model.card.at, LABELS)


def second_stage() -> ChunkedStage | None:
    """Return the second stage of voice activity; None where its network is not installed.

    Raises:
        ModelError: It is installed in another version, or spoiled.
    """
    return ChunkedStage(VoiceActivityNetwork.load()) if available() else None


if __name__ == "__main__":
    worker.main(judge_of, second_stage)
