"""An analysis worker's process: `python -m server.analysis_worker`, started by the node.

Here features and models meet: the packages `media` and `models` do not know one another.
"""

from media import worker
from media.features.functionals import FEATURES_VERSION
from media.judge import VoiceJudge
from models.emotion import LABELS, EmotionModel


def judge_of(weights: str) -> VoiceJudge:
    """Return the judge with a set of weights.

    Raises:
        ModelError: There is no such set, or it does not fit this version's features.
    """
    model = EmotionModel.load(weights, features_version=FEATURES_VERSION)
    return VoiceJudge(model, model.card.at, LABELS)


if __name__ == "__main__":
    worker.main(judge_of)
