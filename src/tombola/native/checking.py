"""`compared`: how far an exported net's answers are from torch's."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.models.network import Network
from tombola.models.showing import drawn
from tombola.native.loading import Net, load
from tombola.native.loading_texts import TextNet, load_texts
from tombola.shown import MASK, TYPES, Shown

RANDOM = 8
_NOTHING = 1e-6
Score: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Compared:
    """``difference``: the largest of two logits, as a part of the largest logit; ``same``: samples of one top class.

    ``scores`` are the means of a task's scores by torch and by the exported net, in that order. ``alike``: every sample
    gets the same logits. ``what`` the samples are, in a word.
    """

    samples: int
    difference: float
    same: int
    scores: tuple[float, float] | None = None
    alike: bool = False
    what: str = "images"

    def text(self) -> str:
        """One sentence."""
        said = (
            f"{self.samples} {self.what}, logits differ from torch's by {self.difference:.1e} of the largest at most,"
        )
        said += f" {self.same} of {self.samples} get the same class"
        if self.alike:
            said += (
                f", and all {self.what} get the same logits: a layer of this ticket has lost all that leads through it"
            )
        if self.scores is None:
            return said + f" (random {self.what}; --set task=... for real ones)"
        before, after = (100 * score for score in self.scores)
        return said + f"; accuracy {after:.2f} %, by torch {before:.2f} % ({after - before:+.2f})"


def random_samples(shown: Shown, count: int = RANDOM) -> Batch:
    """The same each time, with targets that mean nothing."""
    return drawn(shown, count, torch.Generator().manual_seed(0))


def compared(network: Network, folder: Path, batches: Iterable[Batch], score: Score | None = None) -> Compared:
    """The comparison over batches of samples; ``score`` says how right logits are, one number a sample."""
    theirs, ours, targets = [], [], []
    what = network.normalise.READS
    loaded: Net | TextNet = load(folder) if what == "images" else load_texts(folder)
    with loaded as net, torch.no_grad():
        for batch in batches:
            ours.append(_answered(net, batch))
            theirs.append(network(batch.x, **batch.more))
            targets.append(batch.targets)
    return _compared(torch.cat(theirs), torch.cat(ours), torch.cat(targets), score, what)


def _answered(net: Net | TextNet, batch: Batch) -> Tensor:
    if isinstance(net, TextNet):
        return net(batch.x, batch.more.get(MASK), batch.more.get(TYPES))
    _check_size(batch.x, net.image)
    return net(batch.x)


def _compared(theirs: Tensor, ours: Tensor, targets: Tensor, score: Score | None, what: str) -> Compared:
    largest = theirs.abs().max().clamp_min(1e-30)
    return Compared(
        samples=len(ours),
        what=what,
        difference=float((ours - theirs).abs().max() / largest),
        alike=len(theirs) > 1 and float((theirs - theirs[:1]).abs().max() / largest) <= _NOTHING,
        same=int((ours.argmax(1) == theirs.argmax(1)).sum()),
        scores=None if score is None else (_mean(score(theirs, targets)), _mean(score(ours, targets))),
    )


def _mean(scores: Tensor) -> float:
    return float(scores.double().mean())


def _check_size(x: Tensor, image: tuple[int, int, int]) -> None:
    if tuple(x.shape[1:]) != image:
        given, wanted = ("x".join(map(str, shape)) for shape in (x.shape[1:], image))
        raise RequestError(f"the task's images are {given} and the net is exported for {wanted}; write --set size=...")
