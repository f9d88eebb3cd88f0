"""GraSP against full Hessians, and its sign against what removing a weight does to the gradient."""

from collections.abc import Iterator, Mapping

import pytest
import torch
from tests.fitting.toys import Toy
from tests.masks.scores.nets import ALL, NAMES, everything, probe, smooth, weights
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from tombola import verbs
from tombola.errors import MaskError
from tombola.masks.scores.grasp import GraSP
from tombola.models.network import Network


class Quadratic:
    """A probe whose loss is half of w' A w, so g = A w and H = A; ``temperatures`` notes what was asked."""

    def __init__(self, matrix: Tensor) -> None:
        self.matrix = matrix
        self.temperatures: list[float] = []

    def losses(
        self, weights: Mapping[str, Tensor], *, batch: int, batches: int, temperature: float = 1.0
    ) -> Iterator[Tensor]:
        self.temperatures.append(temperature)
        for _ in range(batches):
            flat = torch.cat([weight.flatten() for weight in weights.values()])
            yield flat @ self.matrix @ flat / 2

    def entering(self, weights: Mapping[str, Tensor], *, batch: int, batches: int) -> dict[str, Tensor]:
        raise NotImplementedError

    def flow(self, weights: Mapping[str, Tensor]) -> Tensor:
        raise NotImplementedError

    def generator(self, *purpose: str | int) -> torch.Generator:
        raise NotImplementedError


def quadratic() -> tuple[Quadratic, Tensor]:
    generator = torch.Generator().manual_seed(0)
    half = torch.randn((6, 6), generator=generator, dtype=torch.float64)
    return Quadratic(half @ half.T), torch.randn(6, generator=generator, dtype=torch.float64)


def test_on_a_quadratic_it_is_weight_times_hessian_times_gradient() -> None:
    problem, w = quadratic()
    found = GraSP(batches=3).scores({"a": w[:2], "b": w[2:].view(2, 2)}, problem)
    expected = w * (problem.matrix @ (problem.matrix @ w))
    torch.testing.assert_close(torch.cat([item.flatten() for item in found.values()]), expected)
    assert bool((expected < 0).any())
    assert problem.temperatures == [200.0, 200.0]


def test_removing_a_high_weight_weakens_the_gradient_so_it_is_kept() -> None:
    problem, w = quadratic()
    found = GraSP().scores({"a": w}, problem)["a"]
    before = (problem.matrix @ w).square().sum()
    for place in range(6):
        little = 1e-6
        shrunk = w.clone()
        shrunk[place] *= 1 - little
        change = float((problem.matrix @ shrunk).square().sum() - before) / little
        # The paper's score, -w * Hg, is half of this change to first order; it removes the highest.
        torch.testing.assert_close(change, -2 * float(found[place]), rtol=1e-4, atol=1e-4)


def test_on_a_network_it_is_that_of_the_full_hessian() -> None:
    model = smooth()
    x, labels = everything()
    plain = model.copy().eval()
    given = {name: weight.detach() for name, weight in weights(model).items()}
    shapes = {name: weight.shape for name, weight in given.items()}
    flat = torch.cat([weight.flatten() for weight in given.values()])

    def loss(vector: Tensor) -> Tensor:
        parts = torch.split(vector, [shape.numel() for shape in shapes.values()])
        put = {f"body.{name}": part.view(shapes[name]) for name, part in zip(NAMES, parts, strict=True)}
        return F.cross_entropy(functional_call(plain, put, (x,)) / 7, labels)

    hessian = torch.autograd.functional.hessian(loss, flat)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    slope = torch.autograd.functional.jacobian(loss, flat)  # type: ignore[no-untyped-call]
    expected = flat * (hessian @ slope)
    for batch in (ALL, 10):
        score = GraSP(batch=batch, batches=ALL // batch, temperature=7)
        found = score.scores(given, probe(model))
        torch.testing.assert_close(torch.cat([found[name].flatten() for name in NAMES]), expected)


def test_a_layer_without_second_derivatives_is_named() -> None:
    model = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Hardsigmoid(), nn.Flatten(), nn.Linear(144, 3)), source="toy")
    with pytest.raises(MaskError, match=r"grasp needs second derivatives.*write score=snip"):
        verbs.draw(model, {"name": "omp", "score": {"name": "grasp", "batch": 8}}, task=Toy())
