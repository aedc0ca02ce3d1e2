"""Network: from a window's features to what they say of its emotion.

Source:
    Squeeze and excitation: J. Hu et al., CVPR 2018. Attentive statistics pooling: K. Okabe et
    al., Interspeech 2018. Depthwise separable convolution: F. Chollet, CVPR 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from media.features.functionals import LEVEL_NAME, NAMES
from media.features.logmel import BANDS
from models.emotion import LABELS

OUTPUTS: Final = len(LABELS) + 2
"""A logit for each label, arousal, valence."""
CLIP: Final = 4.0
"""Standard deviations beyond which a functional is a fault and no stronger evidence."""
NOMINAL_DBOV: Final = -26.0
"""Speech level that networks are planned for (ITU-T G.100.1)."""
LOUDER_DB_MAX: Final = 15.0
PRIOR_COLD_PER_DB: Final = 0.05
"""Evidence for anger, in natural logits, of a voice 1 dB above the nominal level: a caller's
usual level is unknown, and lines differ by as much as moods."""
PRIOR_KNOWN_PER_DB: Final = 0.1
"""The same against his own level. Chosen beforehand, not fitted: angry speech is some 10 dB
louder (R. Banse, K. Scherer, J. Personality and Social Psychology 70, 1996, have hot anger
loudest of 14 emotions), and that shall multiply the odds by e."""
_HIDDEN: Final = 128
_CHANNELS: Final = 64


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a network takes, n windows.

    Attributes:
        log_mel: dB, shape (n, frames, BANDS).
        active: 1.0 where a frame holds speech, shape (n, frames).
        functionals: Shape (n, len(NAMES)).
        baseline: Mean functionals of the caller's other speech; 0.0 without, same shape.
        has_baseline: 1.0 with a baseline, shape (n, 1).
    """

    log_mel: Tensor
    active: Tensor
    functionals: Tensor
    baseline: Tensor
    has_baseline: Tensor


class Standing(nn.Module):
    """Functionals by themselves and against the caller's baseline, in standard deviations."""

    WIDTH = 2 * len(NAMES) + 1

    def __init__(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        """Keep the constants of normalisation inside the network, so that no reader mixes them."""
        super().__init__()
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, functionals: Tensor, baseline: Tensor, has_baseline: Tensor) -> Tensor:
        """Return shape (n, WIDTH)."""
        alone = (functionals - self.centre) / self.scale
        beside = (functionals - baseline) / self.scale * has_baseline
        return torch.cat([alone.clamp(-CLIP, CLIP), beside.clamp(-CLIP, CLIP), has_baseline], 1)


class ProsodyNet(nn.Module):
    """Two hidden layers on the functionals."""

    def __init__(
        self,
        centre: NDArray[np.float64],
        scale: NDArray[np.float64],
        *,
        dropout: float = 0.4,
    ) -> None:
        """Take the constants of normalisation; `dropout` is for few speakers high."""
        super().__init__()
        self.standing = Standing(centre, scale)
        self.body = nn.Sequential(
            nn.Dropout(0.15),
            nn.Linear(Standing.WIDTH, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(_HIDDEN, OUTPUTS)

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, OUTPUTS)."""
        out: Tensor = self.head(self.hidden(taken))
        return out

    def hidden(self, taken: Inputs) -> Tensor:
        """Return the last hidden layer, shape (n, _HIDDEN)."""
        standing = self.standing(taken.functionals, taken.baseline, taken.has_baseline)
        out: Tensor = self.body(standing)
        return out


class _Block(nn.Module):
    """A depthwise convolution over time, a mix of channels, and a gate of each channel."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.over_time = nn.Conv1d(
            channels, channels, 5, padding=2 * dilation, dilation=dilation, groups=channels
        )
        self.mix = nn.Conv1d(channels, channels, 1)
        self.norm = nn.BatchNorm1d(channels)
        self.squeeze = nn.Linear(channels, channels // 8)
        self.excite = nn.Linear(channels // 8, channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        made = functional.relu(self.norm(self.mix(self.over_time(x)))) * mask
        mean = made.sum(2) / mask.sum(2).clamp(min=1)
        gate = torch.sigmoid(self.excite(functional.relu(self.squeeze(mean))))
        return x + made * gate.unsqueeze(2)


class SpectralNet(nn.Module):
    """Time-delay network on the log-mel, pooled by attention, beside the functionals."""

    def __init__(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        """Take the constants of normalisation of the functionals."""
        super().__init__()
        self.first = nn.Conv1d(BANDS, _CHANNELS, 5, stride=2, padding=2)
        self.norm = nn.BatchNorm1d(_CHANNELS)
        self.early = nn.ModuleList([_Block(_CHANNELS, 1)])
        self.late = nn.ModuleList(
            [_Block(_CHANNELS, 1), _Block(_CHANNELS, 2), _Block(_CHANNELS, 3)]
        )
        self.attend = nn.Sequential(
            nn.Conv1d(_CHANNELS, 32, 1), nn.Tanh(), nn.Conv1d(32, _CHANNELS, 1)
        )
        self.pooled = nn.Sequential(
            nn.BatchNorm1d(2 * _CHANNELS), nn.Dropout(0.3), nn.Linear(2 * _CHANNELS, _HIDDEN),
            nn.BatchNorm1d(_HIDDEN), nn.ReLU(), nn.Dropout(0.3),
        )  # fmt: skip
        self.prosody = ProsodyNet(centre, scale)
        self.head = nn.Linear(2 * _HIDDEN, OUTPUTS)

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, OUTPUTS)."""
        mask = taken.active.unsqueeze(1)
        mel = taken.log_mel.transpose(1, 2)
        # The window's own mean goes: a line's gain is no sign of anything.
        mean = (mel * mask).sum((1, 2), keepdim=True) / (mask.sum((1, 2), keepdim=True) * BANDS + 1)
        x = ((mel - mean) / 15).clamp(-CLIP, CLIP) * mask
        mask = mask[:, :, ::2]
        x = functional.relu(self.norm(self.first(x))) * mask
        for block in self.early:
            x = block(x, mask)
        mask = functional.max_pool1d(mask, 2, ceil_mode=True)
        x = functional.avg_pool1d(x, 2, ceil_mode=True) * mask
        for block in self.late:
            x = block(x, mask)
        weight = torch.softmax(self.attend(x) - 1e4 * (1 - mask), dim=2) * mask
        mean = (x * weight).sum(2)
        spread = ((x.square() * weight).sum(2) - mean.square()).clamp(min=1e-5).sqrt()
        pooled = self.pooled(torch.cat([mean, spread], 1))
        out: Tensor = self.head(torch.cat([pooled, self.prosody.hidden(taken)], 1))
        return out


class Ensemble(nn.Module):
    """Several networks as one: the mean of their probabilities, made honest by a temperature.

    Outputs `probabilities` (n, len(LABELS)), `arousal` (n,) and `valence` (n,) in -1 to 1.
    """

    def __init__(
        self, members: Sequence[nn.Module], temperature: float, *, level_prior: bool = False
    ) -> None:
        """Take trained networks and what their logits are divided by.

        `level_prior` adds what is known of anger and level to networks whose recordings were
        levelled one by one, and could not teach it.
        """
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature = temperature
        self.level_prior = level_prior

    def forward(
        self,
        log_mel: Tensor,
        active: Tensor,
        functionals: Tensor,
        baseline: Tensor,
        has_baseline: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return probabilities, arousal and valence."""
        taken = Inputs(log_mel, active, functionals, baseline, has_baseline)
        outs = torch.stack([member(taken) for member in self.members])
        labels = len(LABELS)
        logits = torch.log_softmax(outs[:, :, :labels], dim=2).mean(0) / self.temperature
        dimensions = outs[:, :, labels:].mean(0)
        if self.level_prior:
            at = NAMES.index(LEVEL_NAME)
            usual = baseline[:, at : at + 1] * has_baseline + NOMINAL_DBOV * (1 - has_baseline)
            louder = (functionals[:, at : at + 1] - usual).clamp(-LOUDER_DB_MAX, LOUDER_DB_MAX)
            weight = PRIOR_COLD_PER_DB + (PRIOR_KNOWN_PER_DB - PRIOR_COLD_PER_DB) * has_baseline
            evidence = louder * weight
            logits = torch.cat([logits[:, :1] + evidence, logits[:, 1:]], 1)
            dimensions = dimensions + evidence / 2
        probabilities = torch.softmax(logits, dim=1)
        dimensions = torch.tanh(dimensions)
        return probabilities, dimensions[:, 0], dimensions[:, 1]
