"""`NetworkProbe`: the same answers every time, differentiable twice, from a network that stays as it is."""

import copy

import pytest
import torch
from tests.fitting.toys import SIZE, Toy, body, network
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.batch import to_float
from tombola.data._base import InMemory, Splits
from tombola.errors import MaskError, RequestError
from tombola.fitting.probe import NetworkProbe
from tombola.masks.scores._base import gradients, leaves
from tombola.models.digest import weights_digest
from tombola.models.network import Network

ALL = 40
"""The toy task's training images: a batch of all of them is the same in any order."""


def probe(model: Network, **options: object) -> NetworkProbe:
    return NetworkProbe(model, Toy(), seed=0, device="cpu", **options)  # type: ignore[arg-type]  # only an image


def weights(model: Network) -> dict[str, Tensor]:
    named = dict(model.body.named_parameters())
    return {name: named[name].detach().clone() for name in ("0.weight", "3.weight")}


def everything() -> tuple[Tensor, Tensor]:
    images = Toy().splits().train
    return to_float(images.pixels_at(torch.arange(ALL))), images.labels


def test_a_loss_is_the_tasks_mean_loss_in_eval_mode() -> None:
    model = network()
    x, labels = everything()
    given = {name: weight * 0.5 for name, weight in weights(model).items()}
    (loss,) = probe(model).losses(given, batch=ALL, batches=1)
    changed = model.copy().eval()
    changed.body.load_state_dict(given, strict=False)
    assert loss.item() == pytest.approx(F.cross_entropy(changed(x), labels).item(), rel=1e-5)
    (cool,) = probe(model).losses(given, batch=ALL, batches=1, temperature=200)
    assert cool.item() == pytest.approx(F.cross_entropy(changed(x) / 200, labels).item(), rel=1e-5)


def test_gradients_are_those_of_training_the_weights_themselves() -> None:
    model = network()
    own = leaves(weights(model))
    (loss,) = probe(model).losses(own, batch=ALL, batches=1)
    x, labels = everything()
    plain = model.copy().eval()
    F.cross_entropy(plain(x), labels).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    named = dict(plain.body.named_parameters())
    for name, found in zip(own, gradients(loss, own), strict=True):
        torch.testing.assert_close(found, named[name].grad)


def test_nothing_of_the_network_is_changed() -> None:
    model = network(dropout=0.5).train()
    model.get_parameter("body.0.weight").requires_grad = False
    asks = probe(model, image=SIZE)
    before, modes = weights_digest(model), [module.training for module in model.modules()]
    asked = [parameter.requires_grad for parameter in model.parameters()]
    drawn = torch.get_rng_state()
    own = leaves(weights(model))
    for loss in asks.losses(own, batch=8, batches=3):
        gradients(loss, own)
    gradients(asks.flow(own), own)
    assert weights_digest(model) == before
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == asked
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), drawn)


def test_every_call_begins_with_the_same_batches_and_seeds_differ() -> None:
    model = network(dropout=0.5)

    def losses(seed: int) -> list[float]:
        asks = NetworkProbe(model, Toy(), seed=seed, device="cpu")
        asks.flow(weights(model))
        return [loss.item() for loss in asks.losses(weights(model), batch=8, batches=7)]

    first = losses(0)
    assert first == losses(0)
    assert first != losses(1)
    assert len(set(first[:5])) == 5  # an epoch is five batches
    again = probe(model)
    assert [loss.item() for loss in again.losses(weights(model), batch=8, batches=2)] == first[:2]
    assert [loss.item() for loss in again.losses(weights(model), batch=8, batches=2)] == first[:2]


def test_a_last_batch_that_is_smaller_is_left_out() -> None:
    sizes: list[int] = []

    class Counting(Toy):
        def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
            sizes.append(len(targets))
            return super().losses(outputs, targets)

    Counting.name = "toy"
    list(NetworkProbe(network(), Counting(), seed=0, device="cpu").losses({}, batch=16, batches=4))
    assert sizes == [16] * 4


def test_each_loss_is_of_the_weights_as_they_are_when_it_is_asked_for() -> None:
    model = network()
    own = leaves(weights(model))
    found = []
    for loss in probe(model).losses(own, batch=ALL, batches=2):
        found.append(loss.item())
        own["0.weight"].detach().mul_(0)
    (without,) = probe(model).losses({"0.weight": torch.zeros(6, 3, 3, 3)}, batch=ALL, batches=1)
    assert found[0] != found[1]
    assert found[1] == pytest.approx(without.item())


def smooth() -> Network:
    """A net whose loss has derivatives of every order."""
    layers = [nn.Conv2d(3, 2, 3), nn.Softplus(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(18, 3)]
    return Network(nn.Sequential(*layers), source="toy").double()


def test_second_derivatives_are_those_of_finite_differences() -> None:
    model = smooth()
    asks = probe(model)
    start = model.get_parameter("body.0.weight").detach()
    direction = torch.randn(start.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def slope(at: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        own = leaves({"0.weight": at})
        (loss,) = asks.losses(own, batch=ALL, batches=1)
        return gradients(loss, own, create_graph=True)[0], own

    found, own = slope(start)
    product = gradients((found * direction).sum(), own)[0]
    ahead, behind = (slope(start + sign * 1e-4 * direction)[0].detach() for sign in (1, -1))
    torch.testing.assert_close(product, (ahead - behind) / 2e-4, rtol=1e-5, atol=1e-7)


class Attention(nn.Module):
    """One head over the image's pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(3, 24)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).chunk(3, -1)
        out: Tensor = self.head(F.scaled_dot_product_attention(q, k, v).mean(1))
        return out


def test_attention_can_be_differentiated_twice() -> None:
    model = Network(Attention(), source="toy")
    own = leaves({"qkv.weight": model.get_parameter("body.qkv.weight")})
    (loss,) = probe(model).losses(own, batch=8, batches=1)
    slope = gradients(loss, own, create_graph=True)[0].square().sum()
    assert float(gradients(slope, own)[0].abs().sum()) > 0


def ten() -> Network:
    old = body()
    old[9] = nn.Linear(8, 10)  # type: ignore[operator]  # a Sequential
    return Network(old, source="toy")


def test_a_head_of_other_outputs_is_replaced_the_same_for_the_same_seed() -> None:
    model = ten()
    first, again = (next(probe(model).losses({}, batch=ALL, batches=1)).item() for _ in range(2))
    other = NetworkProbe(model, Toy(), seed=1, device="cpu").losses({}, batch=ALL, batches=1)
    assert first == again
    assert first != next(other).item()
    assert model.head.out_features == 10


def test_a_replaced_head_cannot_be_scored() -> None:
    model = ten()
    with pytest.raises(MaskError, match=r"'9.weight' is \(10, 8\), where the task needs \(3, 8\)"):
        next(probe(model).losses({"9.weight": model.head.weight}, batch=4, batches=1))  # type: ignore[dict-item]


def test_unknown_weights_and_a_missing_task_are_explained() -> None:
    with pytest.raises(MaskError, match=r"no weight '0\.wieght', did you mean '0\.weight'"):
        next(probe(network()).losses({"0.wieght": torch.zeros(1)}, batch=4, batches=1))
    alone = NetworkProbe(network(), None, seed=0, device="cpu")
    with pytest.raises(RequestError, match="write task="):
        next(alone.losses({}, batch=4, batches=1))
    with pytest.raises(RequestError, match="write task="):
        alone.flow({})


def test_flow_is_that_of_magnitudes_in_double_precision() -> None:
    model = network().train()
    for tensor in model.body.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=torch.Generator().manual_seed(3)))
    positive = copy.deepcopy(model.body).double().eval()
    for tensor in positive.state_dict().values():
        tensor.abs_()
    ones = torch.ones(1, 3, 5, 5, dtype=torch.float64)
    found = probe(model, image=5).flow({})
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(positive(ones).sum().item(), rel=1e-12)
    negative = {"0.weight": -positive.get_parameter("0.weight").detach()}
    assert probe(model, image=5).flow(negative).item() != pytest.approx(found.item())


def test_the_image_of_ones_has_the_tasks_size_unless_told() -> None:
    sizes: list[int] = []

    class Seen(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            sizes.append(x.shape[-1])
            return x.mean((2, 3))

    model = Network(nn.Sequential(Seen(), nn.Linear(3, 3)), source="toy")
    probe(model).flow({})
    probe(model, image=5).flow({})
    assert sizes == [SIZE, 5]


def test_a_generator_is_fresh_each_time_and_one_a_purpose() -> None:
    asks = probe(network())
    first, again, other = (torch.rand(3, generator=asks.generator(*purpose)) for purpose in (("a",), ("a",), ("b",)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.gpu
def test_scores_on_an_accelerator_are_those_on_the_cpu() -> None:
    model = network()
    own = leaves(weights(model))
    there = NetworkProbe(model, Toy(), seed=0, device="cuda")
    (here,) = probe(model).losses(own, batch=ALL, batches=1)
    (loss,) = there.losses(own, batch=ALL, batches=1)
    assert loss.device.type == "cuda"
    for left, right in zip(gradients(here, own), gradients(loss, own), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(there.flow(own).cpu(), probe(model).flow(own))


def test_images_on_disk_are_read_the_same() -> None:
    class Slow(InMemory):
        on_disk = True

    class OnDisk(Toy):
        def splits(self) -> Splits:
            found = super().splits()
            assert isinstance(found.train, InMemory)
            return Splits(Slow(found.train.pixels, found.train.labels, found.train.classes), found.val, found.test)

    OnDisk.name = "toy"
    given = weights(network())
    slow = NetworkProbe(network(), OnDisk(), seed=0, device="cpu").losses(given, batch=8, batches=3)
    quick = probe(network()).losses(given, batch=8, batches=3)
    assert [loss.item() for loss in slow] == [loss.item() for loss in quick]
