"""Network: from a window's features to what they say of its emotion.

Many small networks are trained side by side as one, a bank: the same layers, with weights of
their own and other speakers to learn from. A processor made for large matrices is then busy.

Source:
    Squeeze and excitation: J. Hu et al., CVPR 2018. Attentive statistics pooling: K. Okabe et
    al., Interspeech 2018. Depthwise separable convolution: F. Chollet, CVPR 2017.
"""

import copy
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
from models.training.corpora import CORPORA
from models.training.depthwise import depthwise

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
BOTH, SPECTRUM, PROSODY, HEADS = 0, 1, 2, 3
"""Places of what a bank says: of everything, of the log-mel alone, of the functionals alone,
and of everything as each of CORPORA would call it."""
DILATIONS: Final = (1, 1, 2, 3, 4)
_HIDDEN: Final = 128
_CALLER: Final = 24


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a network takes of n windows; what a bank takes has its networks second.

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


class Mix(nn.Module):
    """For each network of a bank a matrix over channels, and over a few steps of time."""

    def __init__(self, networks: int, taken: int, made: int, width: int = 1, step: int = 1) -> None:
        """Take how many channels go in and come out, and how many steps are seen at once."""
        super().__init__()
        bound = (taken * width) ** -0.5
        self.weight = nn.Parameter(
            torch.empty(networks, made, taken, width).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(networks * made).uniform_(-bound, bound))
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        """Return shape (n, networks * made, frames) of (n, networks * taken, frames)."""
        networks, made, taken, width = self.weight.shape
        aside = width // 2
        if networks == 1 or not x.is_cuda:
            weight = self.weight.reshape(networks * made, taken, width)
            return functional.conv1d(
                x, weight, self.bias, stride=self.step, padding=aside, groups=networks
            )
        # Convolutions in groups are slow there; products of matrices are not.
        seen = functional.pad(x, (aside, aside)) if aside else x
        cut = seen.unflatten(1, (networks, taken)).unfold(3, width, self.step)
        out = torch.einsum("ngctk,gdck->ngdt", cut, self.weight).flatten(1, 2)
        return out + self.bias[:, None]

    def flat(self, x: Tensor) -> Tensor:
        """Return shape (n, networks * made) of (n, networks * taken)."""
        return self.forward(x.unsqueeze(2)).squeeze(2)


class Standing(nn.Module):
    """Functionals by themselves and against the caller's baseline, in standard deviations."""

    WIDTH = 2 * len(NAMES) + 1

    def __init__(self, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        """Keep the constants of normalisation inside, shape (networks, len(NAMES))."""
        super().__init__()
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.float32))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, networks, WIDTH)."""
        alone = (taken.functionals - self.centre) / self.scale
        beside = (taken.functionals - taken.baseline) / self.scale * taken.has_baseline
        return torch.cat([alone.clamp(-CLIP, CLIP), beside.clamp(-CLIP, CLIP), taken.has_baseline],
                         2)  # fmt: skip

    def caller(self, taken: Inputs) -> Tensor:
        """Return the baseline, zeros without, shape (n, networks, len(NAMES))."""
        usual = ((taken.baseline - self.centre) / self.scale).clamp(-CLIP, CLIP)
        return usual * taken.has_baseline


class _Block(nn.Module):
    """A depthwise convolution over time, a mix of channels, and a gate of each channel."""

    def __init__(self, networks: int, channels: int, dilation: int) -> None:
        super().__init__()
        every = networks * channels
        self.channels = channels
        self.dilation = dilation
        self.over_time = nn.Conv1d(
            every, every, 5, padding=2 * dilation, dilation=dilation, groups=every, bias=False
        )
        self.mix = Mix(networks, channels, channels)
        self.norm = nn.BatchNorm1d(every)
        self.squeeze = Mix(networks, channels, channels // 8)
        self.excite = Mix(networks, channels // 8, channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.training and not x.is_cuda:
            seen = depthwise(x, self.over_time.weight[:, 0], self.dilation)
        else:
            seen = self.over_time(x)
        made = functional.relu(self.norm(self.mix(seen)))
        made = made * _wide(mask, self.channels)
        mean = made.sum(2) / _wide(mask.sum(2).clamp(min=1), self.channels)
        gate = torch.sigmoid(self.excite.flat(functional.relu(self.squeeze.flat(mean))))
        return x + made * gate.unsqueeze(2)


def _flat(x: Tensor) -> Tensor:
    """Return (n, networks * channels, ...) of (n, networks, channels, ...)."""
    return x.squeeze(1) if x.shape[1] == 1 else x.flatten(1, 2)


def _wide(x: Tensor, channels: int) -> Tensor:
    """Return (n, networks, ...) as something that goes with (n, networks * channels, ...)."""
    # One network needs no copies: they would cost more than what they are multiplied with.
    return x if x.shape[1] == 1 else x.repeat_interleave(channels, 1)


class Bank(nn.Module):
    """Networks side by side: a time-delay network on the log-mel, two layers on functionals."""

    def __init__(
        self,
        centre: NDArray[np.float64],
        scale: NDArray[np.float64],
        *,
        width: int,
        dropout: float,
        step: int = 4,
    ) -> None:
        """Make networks.

        Args:
            centre: Of the functionals, shape (networks, len(NAMES)).
            scale: The same shape.
            width: Channels of the time-delay network; a multiple of 8.
            dropout: Of the functionals' layers; for few speakers high.
            step: Frames that the time-delay network goes on at once.
        """
        super().__init__()
        networks = centre.shape[0]
        self.networks = networks
        self.width = width
        self.standing = Standing(centre, scale)
        self.prosody = nn.ModuleList(
            [Mix(networks, Standing.WIDTH, _HIDDEN), Mix(networks, _HIDDEN, _HIDDEN)]
        )
        self.prosody_norm = nn.ModuleList([nn.BatchNorm1d(networks * _HIDDEN) for _ in range(2)])
        self.dropout = dropout
        self.step = step
        self.first = Mix(networks, BANDS, width, 7, step)
        self.caller = nn.ModuleList(
            [Mix(networks, len(NAMES), _CALLER), Mix(networks, _CALLER, width)]
        )
        self.norm = nn.BatchNorm1d(networks * width)
        self.blocks = nn.ModuleList([_Block(networks, width, dilation) for dilation in DILATIONS])
        self.attend = nn.ModuleList([Mix(networks, width, 32), Mix(networks, 32, width)])
        self.pooled_norm = nn.BatchNorm1d(networks * 2 * width)
        self.pooled = Mix(networks, 2 * width, _HIDDEN)
        self.last_norm = nn.BatchNorm1d(networks * _HIDDEN)
        self.head_both = Mix(networks, 2 * _HIDDEN, OUTPUTS)
        self.head_spectrum = Mix(networks, _HIDDEN, OUTPUTS)
        self.head_prosody = Mix(networks, _HIDDEN, OUTPUTS)
        self.head_corpora = Mix(networks, 2 * _HIDDEN, OUTPUTS * len(CORPORA))

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, networks, HEADS + len(CORPORA), OUTPUTS)."""
        told, heard = self._of_functionals(taken), self._of_spectrum(taken)
        joined = self._joined(heard, told)
        shape = (self.networks, 1, OUTPUTS)
        both = self.head_both.flat(joined).unflatten(1, shape)
        return torch.cat(
            [
                both,
                self.head_spectrum.flat(heard).unflatten(1, shape),
                self.head_prosody.flat(told).unflatten(1, shape),
                both
                + self.head_corpora.flat(joined).unflatten(
                    1, (self.networks, len(CORPORA), OUTPUTS)
                ),
            ],
            2,
        )

    def both(self, taken: Inputs) -> Tensor:
        """Return what is said of everything, shape (n, networks * OUTPUTS)."""
        joined = self._joined(self._of_spectrum(taken), self._of_functionals(taken))
        return self.head_both.flat(joined)

    def _joined(self, one: Tensor, other: Tensor) -> Tensor:
        """Return both of each network behind one another."""
        if self.networks == 1:
            return torch.cat([one, other], 1)
        apart = (self.networks, one.shape[1] // self.networks)
        return torch.cat([one.unflatten(1, apart), other.unflatten(1, apart)], 2).flatten(1)

    def _of_functionals(self, taken: Inputs) -> Tensor:
        x = functional.dropout(_flat(self.standing(taken)), 0.15, self.training)
        for mix, norm in zip(self.prosody, self.prosody_norm, strict=True):
            x = functional.dropout(functional.relu(norm(mix.flat(x))), self.dropout, self.training)
        return x

    def _of_spectrum(self, taken: Inputs) -> Tensor:
        active = taken.active.unsqueeze(3)
        # The window's own mean goes: a line's gain is no sign of anything.
        mean = (taken.log_mel * active).sum((2, 3), keepdim=True) / (
            active.sum((2, 3), keepdim=True) * BANDS + 1
        )
        x = ((taken.log_mel - mean) / 15).clamp(-CLIP, CLIP) * active
        x = _flat(x.transpose(2, 3))
        usual = _flat(self.standing.caller(taken))
        usual = self.caller[1].flat(functional.relu(self.caller[0].flat(usual)))
        # Without a baseline nothing may be added, the matrices' constants included.
        usual = usual * _wide(taken.has_baseline[:, :, 0], self.width)
        mask = taken.active[:, :, :: self.step]
        x = functional.relu(self.norm(self.first(x) + usual.unsqueeze(2)))
        x = x * _wide(mask, self.width)
        for block in self.blocks:
            x = block(x, mask)
        silent = 1e4 * (1 - _wide(mask, self.width))
        weight = torch.softmax(self.attend[1](torch.tanh(self.attend[0](x))) - silent, dim=2)
        mean = (x * weight).sum(2)
        spread = ((x.square() * weight).sum(2) - mean.square()).clamp(min=1e-5).sqrt()
        pooled = self._joined(mean, spread)
        pooled = functional.dropout(self.pooled_norm(pooled), 0.3, self.training)
        return functional.dropout(
            functional.relu(self.last_norm(self.pooled.flat(pooled))), 0.3, self.training
        )

    def alone(self, place: int) -> "Bank":
        """Return one of the networks, as a bank of one."""
        first = self.standing
        found = Bank(
            first.centre[place : place + 1].cpu().numpy(),
            first.scale[place : place + 1].cpu().numpy(),
            width=self.width,
            dropout=self.dropout,
            step=self.step,
        )
        state = copy.deepcopy(self.state_dict())
        for name, values in state.items():
            if values.dim():
                size = values.shape[0] // self.networks
                state[name] = values[place * size : (place + 1) * size]
        found.load_state_dict(state)
        found.to(first.centre.device).train(self.training)
        return found


class Member(nn.Module):
    """A bank of one, as one network of an ensemble."""

    def __init__(self, bank: Bank) -> None:
        """Take a bank."""
        super().__init__()
        self.bank = bank

    def forward(self, taken: Inputs) -> Tensor:
        """Return shape (n, OUTPUTS)."""
        alone = Inputs(
            taken.log_mel.unsqueeze(1),
            taken.active.unsqueeze(1),
            taken.functionals.unsqueeze(1),
            taken.baseline.unsqueeze(1),
            taken.has_baseline.unsqueeze(1),
        )
        return self.bank.both(alone)


class Ensemble(nn.Module):
    """Several networks as one: the mean of their log probabilities, made honest by a temperature.

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
