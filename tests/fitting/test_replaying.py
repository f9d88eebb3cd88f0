"""Batches trained on several times in a row: free adversarial training by hand, and interruptions."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch.nn import functional as F

from tombola.fitting.feed import Feed
from tombola.fitting.fit import Fit
from tombola.fitting.replaying import Replaying
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.objectives._base import Replay
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
        x, targets = feed.batch_at(batch)
        x = task.augment(x, generator=generator(0, "augment", batch))
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


def test_what_is_carried_stays_in_its_ball_and_moves_by_the_sign() -> None:
    replay, x = Replay(times=2, eps=0.1, step=0.06), torch.full((2, 3, 2, 2), 0.5)
    carried = torch.zeros(3, 3, 2, 2)
    for expected in (0.06, 0.1, 0.1):
        images, leaf = replay.moved(x, carried)
        torch.autograd.backward(images.sum())
        replay.advance(carried, leaf)
        assert torch.allclose(carried[:2], torch.tensor(expected))
        assert not carried[2].any()


def test_without_a_replay_every_step_has_its_own_batch_and_its_images_as_they_are() -> None:
    alone, x = Replaying(None, 4), torch.rand(4, 3, 2, 2)
    assert alone.moved(x) is x
    assert [alone.batch_of(step) for step in range(3)] == [0, 1, 2]
    alone.advance()
    assert alone.tensors() == {}
    thrice = Replaying(Replay(times=3, eps=0.1, step=0.1), 4)
    assert [thrice.batch_of(step) for step in range(7)] == [0, 0, 0, 1, 1, 1, 2]
