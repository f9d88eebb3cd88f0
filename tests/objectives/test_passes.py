"""What objectives and attacks say they cost is what they cost: multiply-adds counted on a toy net."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from tombola.attacks._base import Attack
from tombola.objectives._base import Objective

IMAGES, SIDE = 2, 6

ATTACKS: dict[str, list[dict[str, Any]]] = {
    "apgd": [{"steps": 3}, {"steps": 4, "restarts": 2}, {"steps": 2, "eot_iter": 3}, {"eps": 0.0}],
    "apgd_t": [{"steps": 3}, {"steps": 2, "targets": 2, "restarts": 2}, {"steps": 2, "targets": 1, "eot_iter": 2}],
    "autoattack": [{"suite": "lite"}],
    "fab": [{"steps": 2}, {"steps": 2, "restarts": 2}],
    "fab_t": [{"steps": 2}, {"steps": 2, "targets": 2, "restarts": 2}],
    "fgsm": [{}, {"random_start": True}, {"eps": 0.0}],
    "pgd": [{"steps": 3}, {"steps": 3, "keep_best": True}, {"steps": 2, "restarts": 3}, {"eps": 0.0}],
    "square": [{"queries": 7}, {"queries": 5, "restarts": 2}],
}
OBJECTIVES: dict[str, list[dict[str, Any]]] = {
    "adversarial": [{"attack": {"name": "pgd", "steps": 3}}, {"attack": "fgsm"}],
    "fast": [{}, {"steps": 2}, {"eps": 0.0}],
    "free": [{}],
    "mixture": [{}, {"parts": {"natural": 1.0, "trades": 1.0}}],
    "natural": [{}],
    "noise": [{}],
    "trades": [{"steps": 3}],
}


class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts floating-point operations, backwards included; torch's own counter cannot see attacks' gradients."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # likewise
        self.total: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if (rule := flop_registry.get(func._overloadpacket)) is not None:
            self.total += rule(*args, **kwargs, out_val=out)
        return out


class Sure(nn.Module):
    """Gives class 0 whatever it sees, so that no attack succeeds; nearly all its work is in inner layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 64, 1)
        self.inner = nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1) for _ in range(4)))
        self.head = nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.inner(self.first(x)).mean((2, 3)))
        return 0.001 * out + torch.tensor([9.0, 0.0, 0.1, 0.2])


def net() -> Sure:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Sure()


def batch() -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(0)
    return torch.rand(IMAGES, 3, SIDE, SIDE, generator=drawn), torch.zeros(IMAGES, dtype=torch.int64)


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs, targets, reduction="none")


def forward_flops() -> int:
    with Counting() as counter, torch.no_grad():
        net()(batch()[0])
    return int(counter.total)


def every(named: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"name": name, **options} for name, settings in named.items() for options in settings]


def test_every_member_says_what_it_costs() -> None:
    assert set(ATTACKS) == set(Attack.family.names())
    assert set(OBJECTIVES) == set(Objective.family.names())


@pytest.mark.parametrize("options", every(ATTACKS), ids=str)
def test_an_attack_costs_what_it_says_when_every_image_stands(options: dict[str, Any]) -> None:
    attack, model = Attack.parse(options), net()
    with Counting() as counter:
        attack.perturb(model, *batch(), losses, bounds=(0.0, 1.0), generator=torch.Generator().manual_seed(0))
    assert counter.total / forward_flops() == pytest.approx(attack.passes(4), rel=0.02)


@pytest.mark.parametrize("body", [True, False], ids=["whole", "head"])
@pytest.mark.parametrize("options", every(OBJECTIVES), ids=str)
def test_a_step_costs_what_the_objective_says(options: dict[str, Any], body: bool) -> None:
    objective, model = Objective.parse(options), net()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(body or name.startswith("head"))
    x, targets = batch()
    replay = objective.replay()
    if replay is not None:
        x, _ = replay.moved(x, torch.zeros_like(x))
    with Counting() as counter:
        loss, _ = objective.loss(model, x, targets, losses, generator=torch.Generator().manual_seed(0))
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert counter.total / forward_flops() == pytest.approx(objective.passes(4, body=body), rel=0.02)


def test_the_suites_of_autoattack_add_up() -> None:
    standard = Attack.parse("autoattack").passes(10)
    parts = ({"name": "apgd"}, {"name": "apgd_t"}, {"name": "fab_t"}, {"name": "square"})
    alone = [Attack.parse(part).passes(10) for part in parts]
    assert standard == sum(passes + 1 for passes in alone if passes is not None) + 4
    assert standard is not None
    assert standard > 9000
    assert (Attack.parse({"name": "autoattack", "suite": "plus"}).passes(10) or 0) > standard


def test_a_member_that_says_nothing_makes_what_holds_it_unknown() -> None:
    class Silent(Attack):
        def perturb(self, *args: Any, **options: Any) -> Tensor:
            raise NotImplementedError

    silent = Silent()
    assert silent.passes(10) is None
