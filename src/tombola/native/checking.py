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
from tombola.native.loading import load

RANDOM_IMAGES = 8
_NOTHING = 1e-6
Score: TypeAlias = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Compared:
    """``difference``: the largest of two logits, as a part of the largest logit; ``same``: images of one top class.

    ``scores`` are the means of a task's scores by torch and by the exported net, in that order. ``alike``: every image
    gets the same logits.
    """

    images: int
    difference: float
    same: int
    scores: tuple[float, float] | None = None
    alike: bool = False

    def text(self) -> str:
        """One sentence."""
        said = f"{self.images} images, logits differ from torch's by {self.difference:.1e} of the largest at most,"
        said += f" {self.same} of {self.images} get the same class"
        if self.alike:
            said += ", and every image the same logits: a layer of this ticket has lost all that leads through it"
        if self.scores is None:
            return said + " (random images; --set task=... for real ones)"
        before, after = (100 * score for score in self.scores)
        return said + f"; accuracy {after:.2f} %, by torch {before:.2f} % ({after - before:+.2f})"


def random_images(size: tuple[int, int, int], count: int = RANDOM_IMAGES) -> Batch:
    """The same each time, with targets that mean nothing."""
    x = torch.rand(count, *size, generator=torch.Generator().manual_seed(0))
    return Batch(x, torch.zeros(count, dtype=torch.int64))


def compared(network: Network, folder: Path, batches: Iterable[Batch], score: Score | None = None) -> Compared:
    """The comparison over batches of images; ``score`` says how right logits are, one number an image."""
    theirs, ours, targets = [], [], []
    with load(folder) as net, torch.no_grad():
        for batch in batches:
            _check_size(batch.x, net.image)
            theirs.append(network(batch.x))
            ours.append(net(batch.x))
            targets.append(batch.targets)
    return _compared(torch.cat(theirs), torch.cat(ours), torch.cat(targets), score)


def _compared(theirs: Tensor, ours: Tensor, targets: Tensor, score: Score | None) -> Compared:
    largest = theirs.abs().max().clamp_min(1e-30)
    return Compared(
        images=len(ours),
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
