"""Batches trained on several times in a row: free adversarial training by hand, and interruptions."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.fitting.feed import Feed
from tombola.fitting.fit import Fit
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.objectives._base import START, Progress
from tombola.objectives.free import Free
from tombola.objectives.natural import Natural
from tombola.spec import build

FREE = {"name": "free", "eps": 0.1, "replays": 3}


def fit(**options: Any) -> Fit:
    plain = {"name": "sgd", "lr": 0.05, "momentum": 0.0, "weight_decay": 0.0}
    short = {"epochs": "9it", "batch": 16, "optimizer": plain, "schedule": "constant", "precision": "float32"}
    return build(Fit, {**short, "objective": FREE, **options})


def test_it_is_the_published_algorithm() -> None:
    """Three batches three times each; the third is smaller and moves its own part of what is carried."""
    trained = fit().run(network(), Toy(), seed=0, session=Session())
    twin, task = network().train(), Toy()
    feed = Feed(task.splits().train, 16, seed=0, device=torch.device("cpu"), drop_last=False)
    delta = torch.zeros(16, 3, 8, 8)
    for batch in range(3):
        shown = task.views(feed.batch_at(batch), generator=generator(0, "augment", batch))
        x, targets = shown.x, shown.targets
        for _ in range(3):
            leaf = delta[: len(x)].clone().requires_grad_()
            loss = F.cross_entropy(twin((x + leaf).clamp(0, 1)), targets)
            weights = list(twin.parameters())
            *of_weights, of_images = torch.autograd.grad(loss, [*weights, leaf])
            delta[: len(x)] = (leaf.detach() + 0.1 * of_images.sign()).clamp(-0.1, 0.1)
            with torch.no_grad():
                for weight, gradient in zip(weights, of_weights, strict=True):
                    weight.sub_(0.05 * gradient)
    assert len(x) == 8
    for one, other in zip(trained.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("stop", range(1, 9))
def test_stopped_anywhere_it_continues_bit_for_bit(stop: int, tmp_path: Path) -> None:
    recipe, model = fit(checkpoint_every="1it", clip=0.5), network(dropout=0.2)
    kept = masks(model)
    straight = recipe.run(model, Toy(), masks=kept, seed=3, session=Session())
    with pytest.raises(Interrupted):
        recipe.run(model, Failing(good=stop), masks=kept, seed=3, session=Session(tmp_path))
    again = recipe.run(model, Toy(), masks=kept, seed=3, session=Session(tmp_path))
    assert weights_digest(again) == weights_digest(straight)


class Sum(nn.Module):
    """The sum of an image's pixels, as the logit of the first of two classes: its gradient is of one sign."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x.flatten(1).sum(1), torch.zeros(len(x))], 1)


def test_what_is_carried_stays_in_its_ball_and_moves_by_the_sign() -> None:
    running, wrong = Free(eps=0.1, step=0.06).begin(Sum(), Toy(), seed=0), torch.ones(3, dtype=torch.int64)
    shown = Batch(torch.full((3, 3, 2, 2), 0.5), wrong)
    for expected, count in ((0.06, 3), (0.1, 2), (0.1, 2)):
        found = running.loss(Sum(), shown.part(slice(count)), Toy().losses, at=START, generator=torch.Generator())
        torch.autograd.backward(found.loss)
        running.after_backward()
        (carried,) = running.tensors().values()
        assert torch.allclose(carried[:2], torch.tensor(expected))
        assert torch.allclose(carried[2], torch.tensor(0.06))


def test_each_part_of_a_batch_carries_its_own() -> None:
    running, shown = Free().begin(Sum(), Toy(), seed=0), Batch(torch.rand(2, 3, 2, 2), torch.ones(2).long())
    assert running.parted
    for part in range(2):
        running.loss(Sum(), shown, Toy().losses, at=Progress(part=part, parts=2), generator=torch.Generator())
    assert set(running.tensors()) == {"0/perturbation", "1/perturbation"}


def test_samples_of_other_shapes_are_refused() -> None:
    running = Free().begin(Sum(), Toy(), seed=0)
    small, large = (Batch(torch.rand(2, 3, side, side), torch.ones(2).long()) for side in (2, 3))
    running.loss(Sum(), small, Toy().losses, at=START, generator=torch.Generator())
    with pytest.raises(RequestError, match="one shape"):
        running.loss(Sum(), large, Toy().losses, at=START, generator=torch.Generator())


def test_every_other_objective_trains_each_step_on_a_batch_of_its_own() -> None:
    alone, thrice = (objective.begin(network(), Toy(), seed=0) for objective in (Natural(), Free(replays=3)))
    assert [alone.batch_of(step) for step in range(3)] == [0, 1, 2]
    assert alone.tensors() == {}
    assert [thrice.batch_of(step) for step in range(7)] == [0, 0, 0, 1, 1, 1, 2]
