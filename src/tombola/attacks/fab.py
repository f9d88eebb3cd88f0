"""FAB: along the nearest decision boundary, ever nearer to the image.

What: Takes the boundaries between the right class and every other for planes, steps just past the nearest one by the
    shortest way that keeps pixels in their bounds, leaning towards the image, and looks again; a misclassified point is
    drawn back to the image first. The first misclassified point within eps ends an image's search; one that stands is
    given as the nearest misclassified point met, drawn back to the ball's edge. Images that are misclassified already
    are given as they are. The loss is its own, not the task's.
When: Few classes, or as a part of AutoAttack's suite plus; with many classes 'fab_t' costs less. For classifiers
    only.
Cost: Two forwards and as many backwards as there are classes (no weight gradients) a step, for images not yet
    misclassified.
Options: norm ('linf' or 'l2'; l1 is not offered), eps, steps, restarts (after the first from a random point half of eps
    away), alpha_max, eta, beta, bn.
Reference: Croce & Hein, Minimally distorted adversarial examples with a fast adaptive boundary attack, ICML 2020,
    arXiv 1907.02044; without the final search, as in AutoAttack, arXiv 2003.01690.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from tombola.attacks._ball import BallAttack
from tombola.attacks._crafting import BatchNormMode
from tombola.attacks._fab_plane import plane_distance
from tombola.attacks._fab_walk import Facing, Pace, attempt_of
from tombola.attacks._norms import Bounds, Norm
from tombola.attacks._searching import Attempt, logits_of, search
from tombola.attacks._streams import Randomness, streams
from tombola.registry import Examples
from tombola.spec import option


def fab(
    model: nn.Module,
    x: Tensor,
    targets: Tensor,
    *,
    eps: float,
    generator: Randomness,
    steps: int = 100,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    restarts: int = 1,
    pace: Pace = Pace(),  # noqa: B008  frozen
    bn: BatchNormMode = "eval",
) -> Tensor:
    """Images within ``eps`` of ``x`` and within ``bounds``, misclassified where a mistake so near was found.

    Nothing given is changed. What is found for an image does not depend on the others in its batch, but through the
    model.
    """
    x = x.detach()
    if len(x) == 0 or eps == 0:
        return x.clone()
    own = streams(len(x), generator)

    def begun(restart: int) -> Attempt:
        return attempt_of(
            model,
            x,
            targets,
            own if restart else None,
            lambda rows: facing_nearest(model, targets[rows], norm),
            eps=eps,
            steps=steps,
            norm=norm,
            bounds=bounds,
            pace=pace,
        )

    return search(model, x, targets, lambda _: map(begun, range(restarts)), bn=bn)


def facing_nearest(model: nn.Module, targets: Tensor, norm: Norm) -> Facing:
    """The boundary nearest to each image, of those between its right class and any other."""

    def look(images: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        leaf = images.detach().requires_grad_()
        logits, classes = logits_of(model, leaf), targets[rows].unsqueeze(1)
        leads = logits - logits.gather(1, classes)
        least = torch.full_like(images[:, 0].flatten(1)[:, 0], torch.inf)
        rise, slope = torch.zeros_like(least), torch.zeros_like(images)
        for goal, lead in enumerate(leads.unbind(1)):
            (uphill,) = torch.autograd.grad(lead.sum(), leaf, retain_graph=goal + 1 < leads.shape[1])
            uphill, lacking = uphill.nan_to_num_(), -lead.detach().to(images.dtype)
            distance = plane_distance(lacking, uphill, norm)
            nearer = (distance < least) & (classes.squeeze(1) != goal)
            least, rise = torch.where(nearer, distance, least), torch.where(nearer, lacking, rise)
            slope = torch.where(nearer.view(-1, *[1] * (images.dim() - 1)), uphill, slope)
        return rise, slope

    return look


def fab_passes(classes: int, *, steps: int, restarts: int = 1) -> float:
    """What `fab` costs an image that stands: at each step two forwards, and a backward for every class."""
    return 1 + restarts * (steps * (2 + classes) + 2)


class FAB(BallAttack):
    """FAB in an linf or l2 ball; the defaults are those of AutoAttack at 8/255."""

    EXAMPLES: ClassVar[Examples] = ({"steps": 2}, {"steps": 2, "restarts": 2})

    steps: int = option(100, "steps of each start", ge=1)
    restarts: int = option(1, "how many starts; each for the images that still stand", ge=1)
    alpha_max: float = option(0.1, "how far a step leans towards the image at the most", ge=0, le=1)
    eta: float = option(1.05, "how far a step goes past the boundary; 1 ends on it", ge=1)
    beta: float = option(0.9, "what is kept of the way when a misclassified point is drawn back", gt=0, le=1)
    bn: BatchNormMode = option("eval", "layers while crafting: 'eval', or 'train' for the mode the model is in")

    def passes(self, classes: int) -> float:
        return fab_passes(classes, steps=self.steps, restarts=self.restarts) if self.eps else 0

    def search(
        self, model: nn.Module, x: Tensor, targets: Tensor, *, bounds: Bounds, generator: torch.Generator
    ) -> Tensor:
        return fab(
            model,
            x,
            targets,
            eps=self.eps,
            generator=generator,
            steps=self.steps,
            norm=self.norm,
            bounds=bounds,
            restarts=self.restarts,
            pace=Pace(self.alpha_max, self.eta, self.beta),
            bn=self.bn,
        )
