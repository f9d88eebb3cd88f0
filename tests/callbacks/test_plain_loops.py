"""One line in a loop of one's own, and in one of accelerate's."""

import pytest
import torch
from accelerate import Accelerator
from tests.callbacks.loops import Samples, Toy, masks, require_kept
from torch import nn
from torch.utils.data import DataLoader

from tombola import Enforcer
from tombola.errors import MaskError


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_attached_to_an_optimizer_masks_hold_to_the_end(kind: type[torch.optim.Optimizer]) -> None:
    toy, samples = Toy(), Samples()
    optimizer = kind(toy.parameters(), lr=0.05, weight_decay=0.1)  # type: ignore[call-arg]  # both take these
    Enforcer(toy.net, masks()).attach(optimizer)
    for _ in range(5):
        optimizer.zero_grad()
        toy(samples.x, samples.labels)["loss"].backward()
        optimizer.step()
        require_kept(toy.net)


def test_who_clips_counts_the_gradients_of_weights_that_are_there() -> None:
    toy, samples = Toy(), Samples()
    end = Enforcer(toy.net, masks()).attach(torch.optim.SGD(toy.parameters(), lr=0.1))
    toy(samples.x, samples.labels)["loss"].backward()
    for name, mask in masks().items():
        grad = toy.net.get_parameter(name).grad
        assert grad is not None
        assert not grad[~mask].any()
        assert grad[mask].any()
    end()
    toy(samples.x, samples.labels)["loss"].backward()
    grad = toy.net.get_parameter("0.weight").grad
    assert grad is not None
    assert grad[~masks()["0.weight"]].any(), "it was ended"


def test_ended_the_optimizer_is_free_and_check_says_so() -> None:
    toy, samples = Toy(), Samples()
    enforcer, optimizer = Enforcer(toy.net, masks()), torch.optim.SGD(toy.parameters(), lr=0.1)
    enforcer.attach(optimizer)()
    enforcer.check()
    toy(samples.x, samples.labels)["loss"].backward()
    optimizer.step()
    with pytest.raises(MaskError, match=r"not \+0\.0"):
        enforcer.check()


def test_a_part_that_is_not_trained_is_no_matter() -> None:
    toy, samples = Toy(), Samples()
    first = toy.net[0]
    assert isinstance(first, nn.Linear)
    first.weight.requires_grad = False
    optimizer = torch.optim.SGD([p for p in toy.parameters() if p.requires_grad], lr=0.1)
    enforcer = Enforcer(toy.net, masks())
    enforcer.attach(optimizer)
    toy(samples.x, samples.labels)["loss"].backward()
    optimizer.step()
    enforcer.check()


@pytest.mark.parametrize("prepared", [True, False])
def test_with_accelerate_before_and_after_it_prepares(prepared: bool) -> None:
    accelerator = Accelerator(cpu=True)
    toy = Toy()
    optimizer: torch.optim.Optimizer = torch.optim.AdamW(toy.parameters(), lr=0.05)
    if not prepared:
        Enforcer(toy.net, masks()).attach(optimizer)
    model, optimizer, loader = accelerator.prepare(toy, optimizer, DataLoader(Samples(), batch_size=8))
    if prepared:
        Enforcer(accelerator.unwrap_model(model).net, masks()).attach(optimizer)
    for batch in loader:
        optimizer.zero_grad()
        accelerator.backward(model(**batch)["loss"])
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    require_kept(toy.net)
