"""Disturb: other voices and other lines, made of a log-mel while a network learns from it.

Source:
    Hidden bands and stretches: D. Park et al., "SpecAugment", Interspeech 2019. Another vocal
    tract: N. Jaitly, G. Hinton, "Vocal tract length perturbation", ICML workshop 2013.
"""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from media.features.logmel import BANDS
from models.training.network import Inputs

STRETCH: Final = 0.05
"""Of the mel scale, at strength 1: what lies between vocal tracts that differ by a tenth."""
SHIFT: Final = 0.8
"""Bands."""
EQUALISER_DB: Final = 2.5
"""Of each of the first three cosines over the bands."""
NOISY: Final = 0.3
NOISE_DB: Final = (-45.0, -10.0)
"""Against the loudest frames' mean band."""
BANDS_HIDDEN: Final = 7
FRAMES_HIDDEN: Final = 25
CUT: Final = 0.3
"""Share of windows of which only a part is left, as when speech is cut into windows."""
_PER_DB: Final = float(np.log(10) / 10)


def disturbed(taken: Inputs, strength: Tensor) -> Inputs:
    """Return windows with a log-mel as other voices and other lines might have made it.

    Args:
        taken: Of a bank: the networks come second.
        strength: Of each network, shape (networks,); 0 leaves everything as it is.
    """
    mel, active = taken.log_mel, taken.active
    count, networks, frames, _ = mel.shape
    force = strength.view(1, networks, 1, 1)
    device = mel.device

    def drawn(*more: int) -> Tensor:
        return torch.rand((count, networks, *more), device=device)

    def swung(*more: int) -> Tensor:
        return 2 * drawn(*more) - 1

    band = torch.arange(BANDS, device=device)
    mel = _warped(mel, swung(1, 1) * STRETCH * force, swung(1, 1) * SHIFT * force)
    waves = torch.cos(torch.pi * torch.arange(1, 4, device=device)[:, None] * (band + 0.5) / BANDS)
    mel = mel + EQUALISER_DB * force * (swung(1, 3) @ waves)
    level = mel.mean(3).amax(2)[:, :, None, None]
    low, high = NOISE_DB
    noise = level + low + (high - low) * drawn(1, 1) + 6 * swung(1, 1) * (band / BANDS - 0.5)
    noise = torch.where(drawn(1, 1) < NOISY * force, noise, level - 150)
    mel = torch.logaddexp(mel * _PER_DB, noise * _PER_DB) / _PER_DB
    mean = mel.mean((2, 3), keepdim=True)
    for _ in range(2):
        wide = drawn(1, 1) * BANDS_HIDDEN * force
        start = drawn(1, 1) * (BANDS - wide)
        mel = torch.where((band >= start) & (band < start + wide), mean, mel)
    frame = torch.arange(frames, device=device)
    long = active.sum(2, keepdim=True)
    force = strength.view(1, networks, 1)
    for _ in range(2):
        wide = drawn(1) * torch.minimum(FRAMES_HIDDEN * force, long / 3)
        start = drawn(1) * (long - wide)
        active = torch.where((frame >= start) & (frame < start + wide), 0, active)
    left = torch.where(drawn(1) < CUT * force, 0.5 + 0.5 * drawn(1), 1)
    start = drawn(1) * (1 - left) * long
    # Pauses make a window longer than its speech: a margin keeps the end of most.
    inside = (frame >= start) & (frame < start + left * long * 1.3 + 1e4 * (left == 1))
    return Inputs(mel, active * inside, taken.functionals, taken.baseline, taken.has_baseline)


def _warped(mel: Tensor, stretch: Tensor, shift: Tensor) -> Tensor:
    """Return a log-mel whose bands moved by a stretch and a shift, between bands in proportion."""
    band = torch.arange(BANDS, device=mel.device)
    place = (band * (1 + stretch) + shift).clamp(0, BANDS - 1)
    low = place.floor().long().clamp(max=BANDS - 2)
    part = place - low
    under = mel.gather(3, low.expand_as(mel))
    over = mel.gather(3, (low + 1).expand_as(mel))
    return under + (over - under) * part
