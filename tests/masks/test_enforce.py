"""Pruned weights are the 32 (or 16) zero bits after every step of every optimizer, and the rest of the net learns."""

import copy
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from tombola.errors import MaskError
from tombola.masks.enforce import Enforcer, apply_masks
from tombola.masks.masks import Masks

Build = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
OPTIMIZERS: dict[str, Build] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adamw foreach": lambda p: torch.optim.AdamW(p, lr=0.01, foreach=True),
    "adamw fused": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
}


def net(dtype: torch.dtype = torch.float32) -> nn.Sequential:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in body.parameters():
            parameter.normal_(generator=generator).mul_(0.2)
    return body.to(dtype)


def masks_of(body: nn.Module) -> Masks:
    generator = torch.Generator().manual_seed(1)
    return Masks(
        {n: torch.rand(body.get_parameter(n).shape, generator=generator) > 0.7 for n in ("0.weight", "4.weight")}
    )


def train(body: nn.Module, build: Build, after: Callable[[], None], steps: int = 12, *, autocast: bool = False) -> None:
    optimizer = build(body.parameters())
    generator = torch.Generator().manual_seed(2)
    dtype = next(body.parameters()).dtype
    for _ in range(steps):
        x = torch.randn(8, 3, 8, 8, generator=generator).to(dtype)
        y = torch.randint(5, (8,), generator=generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = F.cross_entropy(body(x).float(), y)
        optimizer.zero_grad()
        torch.autograd.backward([loss])
        optimizer.step()
        after()


def bits(tensor: Tensor) -> Tensor:
    return tensor.detach().contiguous().view(torch.int16 if tensor.element_size() == 2 else torch.int32)


def assert_pruned_and_moved(body: nn.Module, masks: Masks, before: nn.Module) -> None:
    for name, mask in masks.items():
        parameter, old = body.get_parameter(name), before.get_parameter(name)
        assert int(bits(parameter)[~mask].count_nonzero()) == 0
        assert float((parameter != old)[mask].float().mean()) > 0.9


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_optimizer_leaves_pruned_weights_at_zero_bits(name: str, dtype: torch.dtype) -> None:
    body = net(dtype)
    masks, before = masks_of(body), copy.deepcopy(body)
    enforcer = Enforcer(body, masks)
    enforcer.enforce()

    def after_a_step() -> None:
        enforcer.enforce()
        enforcer.check()

    train(body, OPTIMIZERS[name], after_a_step)
    assert_pruned_and_moved(body, masks, before)


def test_bf16_autocast_and_channels_last() -> None:
    body = net().to(memory_format=torch.channels_last)
    masks, before = masks_of(body), copy.deepcopy(body)
    enforcer = Enforcer(body, masks)
    train(body, OPTIMIZERS["sgd"], enforcer.enforce, autocast=True)
    assert_pruned_and_moved(body, masks, before)


def test_without_enforcing_pruned_weights_do_move() -> None:
    """The test of the tests: momentum and decay move a pruned weight, and check says so."""
    body = net()
    masks = masks_of(body)
    apply_masks(body, masks)
    enforcer = Enforcer(body, masks)
    enforcer.check()
    train(body, OPTIMIZERS["sgd"], lambda: None, steps=2)
    with pytest.raises(MaskError, match=r"pruned weights of '0.weight' are not \+0.0; call enforce\(\)"):
        enforcer.check()


def test_an_averaged_copy_stays_sparse_too() -> None:
    body = net()
    masks, before = masks_of(body), copy.deepcopy(body)
    apply_masks(body, masks)
    average = AveragedModel(body, avg_fn=lambda old, new, _count: 0.9 * old + 0.1 * new)
    enforcers = [Enforcer(body, masks), Enforcer(average.module, masks)]

    def after_a_step() -> None:
        enforcers[0].enforce()
        average.update_parameters(body)
        enforcers[1].enforce()

    train(body, OPTIMIZERS["adamw"], after_a_step)
    enforcers[1].check()
    assert_pruned_and_moved(average.module, masks, before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_negative_infinite_and_nan_weights_become_plus_zero(dtype: torch.dtype) -> None:
    layer = nn.Linear(4, 1, bias=False).to(dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-1.0, float("inf"), float("nan"), -2.0]]))
    apply_masks(layer, Masks({"weight": torch.tensor([[False, False, False, True]])}))
    assert bits(layer.weight)[0, :3].tolist() == [0, 0, 0]
    assert float(layer.weight.detach()[0, 3]) == -2


def test_check_minds_minus_zero_and_nan() -> None:
    layer = nn.Linear(2, 1, bias=False)
    enforcer = Enforcer(layer, Masks({"weight": torch.tensor([[False, True]])}))
    for wrong in (-0.0, float("nan"), 1e-45):
        with torch.no_grad():
            layer.weight[0, 0] = wrong
        with pytest.raises(MaskError, match="1 of the pruned weights"):
            enforcer.check()
        enforcer.enforce()
        enforcer.check()


def test_gradients_and_other_parameters_are_untouched() -> None:
    body = net()
    body(torch.ones(1, 3, 8, 8)).sum().backward()
    gradients = [p.grad.clone() for p in body.parameters() if p.grad is not None]
    bias = body.get_parameter("4.bias").clone()
    apply_masks(body, masks_of(body))
    assert all(torch.equal(g, p.grad) for g, p in zip(gradients, body.parameters(), strict=True) if p.grad is not None)
    assert torch.equal(bias, body.get_parameter("4.bias"))
    assert body.get_parameter("4.weight").requires_grad


def test_masks_of_another_model_are_refused_and_nothing_is_changed() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.clone()
    with pytest.raises(MaskError, match=r"Linear has no parameter 'weigth', did you mean 'weight'"):
        apply_masks(layer, Masks({"weight": torch.zeros(2, 2, dtype=torch.bool), "weigth": torch.tensor([True])}))
    with pytest.raises(MaskError, match=r"is \(3,\), the parameter is \(2, 2\)"):
        Enforcer(layer, Masks({"weight": torch.ones(3, dtype=torch.bool)}))
    assert torch.equal(layer.weight, before)
