"""Fit: trains a bank of networks on material, seeded, on whatever computes fastest here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from media.features.functionals import FEATURES_VERSION
from models.emotion import LABELS
from models.training.corpora import CORPORA, TESTED, Clip, labels_of
from models.training.disturb import disturbed
from models.training.material import Material, baselines
from models.training.network import BOTH, HEADS, PROSODY, SPECTRUM, Bank, Inputs
from models.training.progress import Progress, State, place_of

BASELINE_CLIPS: Final = 8
"""As many other clips as a baseline is tested with."""
BASELINE_LEAST: Final = 2
BASELINE_MOST: Final = 11
"""In training: a caller has said little at first."""
BASELINE_SHARE: Final = 0.5
"""Of the windows that are shown with a baseline; the rest teaches the cold start."""
SMOOTHING: Final = 0.1
TESTED_WEIGHT: Final = 2.0
"""Whole sentences against single words: .02 to .04 of the accuracy (docs/measure/emotion.md)."""
AROUSAL_WEIGHT: Final = 1.0
VALENCE_WEIGHT: Final = 0.5
ASIDE_WEIGHT: Final = 0.3
"""Of what the log-mel and the functionals say by themselves."""
KEPT: Final = 0.998
"""Of the running mean of weights at each step: some ten epochs' worth."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        steps: Of AdamW.
        batch: Clips in a step.
        rate: Highest step, reached at a fifth.
        decay: Of the weights.
        width: Channels of the time-delay network.
        dropout: Of the functionals' layers.
        step: Frames that the time-delay network goes on at once.
        strength: Of what disturbs the log-mel; see `disturb`.
        heads: Weight of the heads that call emotions as one corpus does.
        lines: How many of the taught lines are heard; None hears all.
        corpora: Names of what may be learnt from.
        kind: "network", "kernel" or "linear"; the latter two read nothing of the above but what
            `fit_kernel` takes.
    """

    steps: int = 5_200
    batch: int = 128
    rate: float = 3e-3
    decay: float = 0.05
    width: int = 96
    dropout: float = 0.4
    step: int = 4
    strength: float = 0.3
    heads: float = 0.5
    lines: int | None = None
    corpora: Sequence[str] = CORPORA
    kind: str = "network"

    @property
    def shape(self) -> tuple[float, ...]:
        """Return what networks of one bank have in common."""
        return (self.steps, self.batch, self.rate, self.decay, self.width, self.dropout, self.step)


def device_here() -> torch.device:
    """Return the processor that is fastest here."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Stock:
    """Clips over several lines, where the networks are."""

    def __init__(
        self, clips: Sequence[Clip], lines: Sequence[Material], seed: int, device: torch.device
    ) -> None:
        """Move materials to a device, each with baselines drawn for it."""
        rng = np.random.default_rng(seed)
        usual = [baselines(clips, line.functionals, rng, BASELINE_MOST, BASELINE_LEAST)
                 for line in lines]  # fmt: skip
        self.clips = clips
        self.device = device
        self.log_mel = torch.stack([torch.from_numpy(line.log_mel) for line in lines]).to(device)
        self.active = torch.stack([torch.from_numpy(line.active) for line in lines]).to(device)
        self.functionals = torch.from_numpy(np.stack([line.functionals for line in lines])).to(
            device
        )
        self.known = torch.from_numpy(np.stack([~np.isnan(u).any(axis=1) for u in usual])).to(
            device
        )
        self.usual = torch.from_numpy(np.nan_to_num(np.stack(usual))).to(device)

    def inputs(self, line: Tensor, row: Tensor, shown: Tensor) -> Inputs:
        """Return windows, all indices of shape (n, networks)."""
        known = (self.known[line, row] & shown).unsqueeze(2).float()
        return Inputs(
            self.log_mel[line, row].float(),
            self.active[line, row].float(),
            self.functionals[line, row],
            self.usual[line, row] * known,
            known,
        )


def fit(
    recipes: Sequence[Recipe],
    stock: Stock,
    rows: Sequence[NDArray[np.int64]],
    seed: int,
    cache: Path | None = None,
) -> Bank:
    """Return a bank of trained networks.

    Args:
        recipes: One for each network, all of one shape.
        stock: What may be heard.
        rows: Which clips each network may see.
        seed: Of everything random.
        cache: Folder where it keeps its progress, to go on after an interruption; None: it keeps
            none.

    Raises:
        ValueError: A network may see no clip.
    """
    first, device = recipes[0], stock.device
    assert len({recipe.shape for recipe in recipes}) == 1
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    corpus = np.array([clip.corpus for clip in stock.clips])
    seen = [own[np.isin(corpus[own], list(recipe.corpora))]
            for recipe, own in zip(recipes, rows, strict=True)]  # fmt: skip
    if not all(len(own) for own in seen):
        raise ValueError("a network has nothing to learn from")
    heard = [recipe.lines or len(stock.log_mel) for recipe in recipes]
    centre, scale = _spans(stock, seen)
    # The first weights are drawn on the host, so that they are the same everywhere.
    bank: Bank = Bank(centre, scale, width=first.width, dropout=first.dropout, step=first.step).to(
        device
    )
    told = Told.of(stock.clips, device)
    shares = [np.cumsum(_shares(stock.clips, own)) for own in seen]
    strength = torch.tensor([recipe.strength for recipe in recipes], device=device)
    heads = torch.tensor([recipe.heads for recipe in recipes], device=device)
    optimiser = torch.optim.AdamW(
        bank.parameters(), lr=first.rate, weight_decay=first.decay, foreach=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, first.rate, total_steps=first.steps, pct_start=0.2
    )
    mean = RunningMean(bank)
    bank.train()

    def state() -> State:
        return {
            "bank": bank.state_dict(),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "mean": mean.kept(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state() if device.type == "cuda" else None,
            "numpy": rng.bit_generator.state,
        }

    def restore(kept: State) -> None:
        bank.load_state_dict(kept["bank"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        mean.restore(kept["mean"])
        torch.set_rng_state(kept["torch"])
        if kept["cuda"] is not None:
            torch.cuda.set_rng_state(kept["cuda"])
        rng.bit_generator.state = kept["numpy"]

    path = None
    if cache is not None:
        names = [clip.path for clip in stock.clips]
        what = (FEATURES_VERSION, device.type, seed, recipes, stock.log_mel.shape, names, *seen)
        path = place_of(cache, *what)
    for _ in Progress(path, first.steps, state=state, restore=restore).steps():
        row = np.stack([own[np.searchsorted(share, rng.random(first.batch) * share[-1])]
                        for own, share in zip(seen, shares, strict=True)], axis=1)  # fmt: skip
        line = np.floor(rng.random(row.shape) * heard).astype(np.int64)
        shown = rng.random(row.shape) < BASELINE_SHARE
        rows_there, line_there, shown_there = (
            torch.from_numpy(values).to(device, non_blocking=True) for values in (row, line, shown)
        )
        taken = stock.inputs(line_there, rows_there, shown_there)
        taken = disturbed(taken, strength)
        loss = told.loss(bank(taken), rows_there, heads)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        mean.take(bank)
    bank.load_state_dict(mean.state)
    bank.eval()
    return bank


class RunningMean:
    """The mean of a network's weights over its last steps (B. Polyak, A. Juditsky, 1992)."""

    def __init__(self, network: nn.Module) -> None:
        """Begin with the weights as they are."""
        self.state = {name: values.clone() for name, values in network.state_dict().items()}
        self._steps = 0

    def kept(self) -> tuple[dict[str, Tensor], int]:
        """Return what `restore` takes."""
        return self.state, self._steps

    def restore(self, kept: tuple[dict[str, Tensor], int]) -> None:
        """Go on from what another one kept."""
        state, self._steps = kept
        for name, values in state.items():
            self.state[name].copy_(values)

    def take(self, network: nn.Module) -> None:
        """Take the weights of one more step."""
        self._steps += 1
        # Young means would remember the random weights of the beginning.
        kept = min(KEPT, self._steps / (self._steps + 9))
        now = network.state_dict()
        names = [name for name, values in self.state.items() if values.is_floating_point()]
        torch._foreach_lerp_(
            [self.state[name] for name in names], [now[name] for name in names], 1 - kept
        )


def _spans(
    stock: Stock, rows: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centre and scale of the functionals that each network may see."""
    centre, scale = [], []
    for own in rows:
        seen = stock.functionals[:, torch.from_numpy(own).to(stock.device)].flatten(0, 1)
        centre.append(seen.median(dim=0).values)
        scale.append(seen.std(dim=0).clamp(min=1e-3))
    return (
        torch.stack(centre).double().cpu().numpy(),
        torch.stack(scale).double().cpu().numpy(),
    )


def _shares(clips: Sequence[Clip], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how often each row is drawn: labels of corpora alike, and whole sentences twice."""
    count: dict[tuple[str, int], int] = {}
    for row in rows:
        key = (clips[row].corpus, clips[row].label)
        count[key] = count.get(key, 0) + 1
    return np.array(
        [
            (TESTED_WEIGHT if clips[row].corpus in TESTED else 1)
            / count[clips[row].corpus, clips[row].label]
            for row in rows
        ]
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What the corpora say of each clip.

    Attributes:
        label: Shape (n,), -1 where unknown.
        arousal: Shape (n,).
        valence: Shape (n,), nan where unknown.
        possible: Labels of each clip's corpus, shape (n, len(LABELS)).
        corpus: Place in CORPORA, shape (n,).
    """

    label: Tensor
    arousal: Tensor
    valence: Tensor
    possible: Tensor
    corpus: Tensor

    @classmethod
    def of(cls, clips: Sequence[Clip], device: torch.device) -> "Told":
        """Gather the labels of clips."""
        known: Mapping[str, NDArray[np.bool_]] = labels_of(clips)
        return cls(
            torch.tensor([clip.label for clip in clips], device=device),
            torch.tensor([clip.arousal for clip in clips], dtype=torch.float32, device=device),
            torch.tensor([clip.valence for clip in clips], dtype=torch.float32, device=device),
            torch.from_numpy(np.stack([known[clip.corpus] for clip in clips])).to(device),
            torch.tensor([CORPORA.index(clip.corpus) for clip in clips], device=device),
        )

    def loss(self, said: Tensor, row: Tensor, heads: Tensor) -> Tensor:
        """Return the loss of a batch: its mean over windows, its sum over networks.

        Args:
            said: As a bank says it, shape (n, networks, places, OUTPUTS).
            row: Which clips, shape (n, networks).
            heads: Weight of the head of a clip's corpus, shape (networks,).
        """
        own = self.corpus[row][:, :, None, None].expand(-1, -1, 1, said.shape[3]) + HEADS
        parts = (
            (said[:, :, BOTH], 1 - heads),
            (said.gather(2, own)[:, :, 0], heads),
            (said[:, :, SPECTRUM], ASIDE_WEIGHT),
            (said[:, :, PROSODY], ASIDE_WEIGHT),
        )
        total = torch.zeros((), device=said.device)
        for out, weight in parts:
            total = total + (self._each(out, row).mean(0) * weight).sum()
        return total

    def _each(self, out: Tensor, row: Tensor) -> Tensor:
        """Return the loss of each window, over what its clip's corpus labels."""
        label, valence, possible = self.label[row], self.valence[row], self.possible[row]
        labels = len(LABELS)
        chance = torch.log_softmax(out[:, :, :labels].masked_fill(~possible, -1e4), dim=2)
        target = functional.one_hot(label.clamp(min=0), labels) * (1 - SMOOTHING)
        target = target + SMOOTHING * possible / possible.sum(2, keepdim=True)
        crossed = -(target * chance.masked_fill(~possible, 0)).sum(2) * (label >= 0)
        aroused = (torch.tanh(out[:, :, labels]) - self.arousal[row]).square()
        felt = torch.nan_to_num(torch.tanh(out[:, :, labels + 1]) - valence).square()
        felt = felt * ~torch.isnan(valence)
        return crossed + AROUSAL_WEIGHT * aroused + VALENCE_WEIGHT * felt
