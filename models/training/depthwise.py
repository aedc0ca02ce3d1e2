"""Depthwise convolution over time on a host, by shifting and adding.

PyTorch's own takes three times as long with a dilation, and was a third of a training's time.
"""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

WINDOWS_AT_ONCE: Final = 16
"""What is shifted then stays in the cache of two cores: 16 windows of 384 channels are 2 MB."""


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        context.save_for_backward(x, weight)
        context.dilation = dilation
        out = torch.empty_like(x)
        for some, into in zip(x.split(WINDOWS_AT_ONCE), out.split(WINDOWS_AT_ONCE), strict=True):
            _add_shifted(some, weight, dilation, into)
        return out

    @staticmethod
    def backward(context: Any, *back: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = context.saved_tensors
        (told,) = back
        taps, frames = weight.shape[1], x.shape[2]
        to_x, to_weight = torch.empty_like(told), torch.zeros_like(weight)
        for some, of_some, into in zip(
            *(values.split(WINDOWS_AT_ONCE) for values in (x, told, to_x)), strict=True
        ):
            _add_shifted(of_some, weight.flip(1), context.dilation, into)
            aside = taps // 2 * context.dilation
            padded = functional.pad(some, (aside, aside))
            for tap in range(taps):
                first = tap * context.dilation
                to_weight[:, tap] += (of_some * padded[:, :, first : first + frames]).sum((0, 2))
        return to_x, to_weight, None


def _add_shifted(x: Tensor, weight: Tensor, dilation: int, into: Tensor) -> None:
    frames = x.shape[2]
    aside = weight.shape[1] // 2 * dilation
    padded = functional.pad(x, (aside, aside))
    torch.mul(padded[:, :, :frames], weight[:, :1], out=into)
    for tap in range(1, weight.shape[1]):
        first = tap * dilation
        into.addcmul_(padded[:, :, first : first + frames], weight[:, tap : tap + 1])


def depthwise(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    """Return every channel's convolution with its own weights, as long as it was.

    Args:
        x: Shape (n, channels, frames).
        weight: Shape (channels, taps), an odd number of taps.
        dilation: Frames from tap to tap.
    """
    out: Tensor = _Depthwise.apply(x, weight, dilation)  # type: ignore[no-untyped-call]
    return out
