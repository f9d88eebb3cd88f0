"""The adversarial objective: the mean loss at the attacked images, and the model left in its mode."""

import torch
import torch.nn.functional as F
from tests.objectives.toys import loss_of
from torch import Tensor, nn

from tombola.attacks.pgd import PGD, pgd
from tombola.models.inputs.pixels import Normalise
from tombola.objectives._base import Objective
from tombola.objectives.adversarial import Adversarial


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(outputs, targets, reduction="none")


def small_net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_weight_gradients_are_those_at_the_attacked_images() -> None:
    x, targets = torch.rand(6, 3, 4, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    objective = Adversarial(attack=PGD(eps=0.1, steps=3))
    net, twin = small_net().train(), small_net().train()
    loss, outputs = loss_of(objective, net, x, targets, generator=rng())
    torch.autograd.backward(loss)
    images = pgd(twin, x, targets, cross_entropy, eps=0.1, steps=3, generator=rng())
    expected = cross_entropy(twin(images), targets).mean()
    torch.autograd.backward(expected)
    assert torch.equal(loss, expected)
    assert outputs.shape == (6, 3)
    for one, other in zip(net.parameters(), twin.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.equal(one.grad, other.grad)


def test_only_the_training_forward_moves_batch_statistics() -> None:
    net = small_net().train()
    loss_of(Adversarial(), net, torch.rand(6, 3, 4, 4), torch.zeros(6, dtype=torch.long), generator=rng())
    assert int(net.state_dict()["1.num_batches_tracked"]) == 1
    assert net.training
    assert net[1].training


def test_training_on_it_makes_a_linear_model_ignore_what_the_attack_can_flip() -> None:
    # Pixel 0 tells the class with a margin above 2 eps, pixel 1 with one below: a robust model leaves pixel 1 alone.
    targets = torch.arange(64) % 2
    x = torch.stack([0.2 + 0.6 * targets, 0.47 + 0.06 * targets], 1).view(-1, 2, 1, 1)
    weights = {}
    for name in ("natural", "adversarial"):
        attack = {"name": "pgd", "eps": 0.1, "steps": 3}
        objective = Objective.parse(name if name == "natural" else {"name": name, "attack": attack})
        net = nn.Sequential(Normalise((0.5, 0.5), (1.0, 1.0)), nn.Flatten(), nn.Linear(2, 2, bias=False))
        nn.init.zeros_(net.get_parameter("2.weight"))
        optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
        for _ in range(60):
            optimizer.zero_grad()
            loss, _ = loss_of(objective, net, x, targets, generator=rng())
            torch.autograd.backward(loss)
            optimizer.step()
        matrix = net.get_parameter("2.weight").detach()
        weights[name] = (matrix[1] - matrix[0]).tolist()
    assert weights["natural"][1] > 0.05 * weights["natural"][0]
    assert abs(weights["adversarial"][1]) < 0.02 * weights["adversarial"][0]


def test_the_default_attack_is_pgd_10() -> None:
    assert Adversarial().attack == PGD(eps=8 / 255, steps=10)
    assert Objective.parse({"name": "adversarial", "attack": {"name": "pgd", "steps": 3}}) == Adversarial(
        attack=PGD(steps=3)
    )
