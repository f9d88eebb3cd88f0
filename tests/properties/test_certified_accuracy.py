"""Certified accuracy of a linear model, whose certificates are known, and of what is refused."""

from typing import Any

import pytest
import torch
from scipy.stats import norm
from torch import Tensor, nn

from tombola import verbs
from tombola.data._base import InMemory, Splits
from tombola.errors import DataError, OptionError, RequestError, StageError
from tombola.fitting.session import Session, Silent
from tombola.models.network import Network
from tombola.properties._base import Measurement, Property
from tombola.properties._smoothing import ceiling
from tombola.properties.certified_accuracy import CertifiedAccuracy
from tombola.report.curves import read_results

from .toy_task import ToyTask, brightness_net

QUICK: dict[str, Any] = {"n0": 16, "n": 200}


class Heard(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def measured(
    net: Network, task: ToyTask | None = None, heard: Heard | None = None, **options: Any
) -> list[Measurement]:
    """The property's measurements."""
    found = Property.parse({"name": "certified_accuracy", **QUICK, **options})
    session = Session(reporter=heard or Silent())
    return found.measure(net, task or ToyTask(), seed=0, session=session)


def certified(net: Network, **options: Any) -> dict[Any, float]:
    """Certified accuracy by radius."""
    found = measured(net, **options)
    return {m.detail["radius"]: m.value for m in found if m.metric == "certified_accuracy"}


def test_a_linear_models_certificates_are_its_distances_from_the_boundary() -> None:
    """Image i is 10 i / 255 bright; its L2 distance from the boundary is |10 i - 127.5| / 255 * sqrt(48)."""
    found = certified(brightness_net(), sigma=1, n=2000, radii=[0, 0.5, 1.0, 1.5])
    away = [abs(10 * i - 127.5) / 255 * 48**0.5 for i in range(26)]
    for at, value in found.items():
        proved = 100 * sum(distance >= at for distance in away[1:]) / 26  # image 0 has the wrong label
        lost = 100 * sum(at <= distance < at + 0.5 for distance in away[1:]) / 26
        assert proved - lost <= value <= proved, "never more than is true; what 2,000 samples do not show is missing"


class Turning(nn.Module):
    """Says class 1 to the first ``n0`` noisy copies of each image and class 0 to the ``n`` that follow."""

    def __init__(self, n0: int, n: int) -> None:
        super().__init__()
        self.seen, self.n0, self.each = 0, n0, n0 + n
        self.fc = nn.Linear(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        place = (torch.arange(len(x)) + self.seen) % self.each
        self.seen += len(x)
        return torch.nn.functional.one_hot((place < self.n0).long(), 2).float()


def test_the_class_is_chosen_on_other_samples_than_those_that_certify_it() -> None:
    """Else what won by chance would count as evidence for itself."""
    turning = Turning(16, 200)
    found = {m.metric: m.value for m in measured(Network(turning, source="turning"), batch=8)}
    assert found["abstained"] == 100
    assert turning.seen == 26 * 216


def test_what_is_certified_is_below_the_share_of_noise_that_agrees() -> None:
    """Under noise of sigma 0.1 an image at distance d is told right with probability Phi(d / 0.1)."""
    near = ToyTask().splits().test
    only = InMemory(
        near.pixels_at(torch.tensor([13])), near.labels[13:14], near.classes
    )  # 130: 0.068 from the boundary

    class One(ToyTask):
        def splits(self) -> Splits:
            return Splits(only, only, only)

    distance = 2.5 / 255 * 48**0.5
    found = measured(brightness_net(), One(), sigma=0.1, n=5000, radii=[0.0])
    radius = next(m.value for m in found if m.metric == "average_certified_radius")
    assert 0.8 * distance < radius < distance
    assert norm.cdf(distance / 0.1) < 0.8, "so not all samples agreed"


def test_the_rows_say_the_budget_and_the_ceiling() -> None:
    found = measured(brightness_net(), num_samples=5, radii=[0, "32/255"])
    assert [m.metric for m in found] == [
        "certified_accuracy",
        "certified_accuracy",
        "abstained",
        "average_certified_radius",
        "radius_ceiling",
    ]
    top = ceiling(200, sigma=0.25, alpha=0.001)
    budget = {"sigma": 0.25, "n0": 16, "n": 200, "alpha": 0.001, "radius_ceiling": top}
    assert found[0].detail == {**budget, "radius": 0.0}
    assert found[1].detail == {**budget, "radius": 32 / 255}
    assert all(m.detail == budget for m in found[2:])
    assert found[-1].value == top
    assert {m.samples for m in found} == {5}


def test_images_are_every_kth() -> None:
    # of 26: every 5th, so 0, 5, 10, 15, 20, of which 0 has the wrong label
    assert certified(brightness_net(), num_samples=5, radii=[0.0]) == {0.0: pytest.approx(80)}
    assert certified(brightness_net(), num_samples=1, radii=[0.0]) == {0.0: 0}
    assert measured(brightness_net(), num_samples=1000)[0].samples == 26


@pytest.mark.slow
def test_nothing_depends_on_the_batch() -> None:
    values = [[m.value for m in measured(brightness_net(), sigma=0.5, batch=batch)] for batch in (1, 7, 200, 999)]
    assert values[0] == values[1] == values[2] == values[3]


def test_noise_is_seeded_and_leaves_zero_to_one() -> None:
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(48, 2)

        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.detach().clone())
            out: Tensor = self.fc(x.flatten(1))
            return out

    net = Network(Watching(), source="watching")
    for _ in range(2):
        measured(net, num_samples=2, sigma=0.5, n0=20, n=30, batch=25)
    assert [len(x) for x in seen] == [20, 25, 5, 20, 25, 5] * 2, "exactly n0, then n"
    assert all(torch.equal(one, other) for one, other in zip(seen[:6], seen[6:], strict=True))
    images = ToyTask().splits().test
    first = (torch.cat(seen[:3]) - images.pixels_at(torch.tensor([0])).float() / 255) / 0.5
    assert first.mean().abs() < 0.05
    assert first.std() == pytest.approx(1, abs=0.05)
    assert torch.cat(seen).min() < 0, "not clipped"
    assert torch.cat(seen).max() > 1
    assert not torch.equal(seen[0], seen[1][:20]), "fresh samples certify"
    measured(net, num_samples=26, sigma=0.5, n0=20, n=30, batch=25)
    assert torch.equal(seen[-13 * 3], seen[3]), "whichever others are looked at"
    second = (torch.cat(seen[3:6]) - images.pixels_at(torch.tensor([13])).float() / 255) / 0.5
    assert not torch.allclose(first, second, atol=1e-3), "each image has noise of its own"


def test_a_constant_model_is_certified_up_to_the_ceiling_and_no_further() -> None:
    net = brightness_net()
    with torch.no_grad():
        net.head.weight.zero_()  # type: ignore[operator]  # a linear layer
        net.head.bias.copy_(torch.tensor([1.0, 0.0]))  # type: ignore[operator]
    top = ceiling(200, sigma=0.25, alpha=0.001)
    found = certified(net, radii=[0.0, top, 1.01 * top])
    dark = 100 * float((ToyTask().splits().test.labels == 0).double().mean())
    assert list(found.values()) == [pytest.approx(dark), pytest.approx(dark), 0]
    values = {m.metric: m.value for m in measured(net)}
    assert values["abstained"] == 0
    assert values["average_certified_radius"] == pytest.approx(top * dark / 100)


def test_a_coin_abstains() -> None:
    net = brightness_net()
    with torch.no_grad():
        net.head.bias.add_(torch.tensor([-2.0, 2.0]) * 10 / 255)  # type: ignore[operator]
    found = measured(net, sigma=4, num_samples=26)
    assert next(m.value for m in found if m.metric == "abstained") > 0


def test_a_radius_above_the_ceiling_is_told_beforehand() -> None:
    heard = Heard()
    measured(brightness_net(), heard=heard, num_samples=1, radii=[0.0, 0.75])
    assert "n=200 certifies up to radius 0.456" in heard.notes[0]
    heard = Heard()
    measured(brightness_net(), heard=heard, num_samples=1, radii=[0.0, 0.25])
    assert not heard.notes


def test_requests_that_can_come_to_nothing_are_refused() -> None:
    with pytest.raises((OptionError, RequestError), match=r"n=9 samples certify nothing .* write n=10 or more"):
        Property.parse({"name": "certified_accuracy", "n": 9})
    with pytest.raises((OptionError, RequestError), match="write '64/255'"):
        Property.parse({"name": "certified_accuracy", "sigma": 64})
    with pytest.raises((OptionError, RequestError), match="should rise"):
        Property.parse({"name": "certified_accuracy", "radii": [0.5, 0.25]})


def test_what_is_no_classifier_is_refused() -> None:
    with pytest.raises(RequestError, match="two or more classes"):
        measured(Network(nn.Sequential(nn.Flatten(), nn.Linear(48, 1)), source="one"))
    broken = brightness_net()
    with torch.no_grad():
        broken.head.bias.fill_(float("nan"))  # type: ignore[operator]
    with pytest.raises(StageError, match="NaN or infinities under noise"):
        measured(broken)

    class Empty(ToyTask):
        def splits(self) -> Splits:
            whole = super().splits().test
            none = InMemory(whole.pixels_at(torch.arange(0)), whole.labels[:0], whole.classes)
            return Splits(none, none, none)

    with pytest.raises(DataError, match="holds no image"):
        measured(brightness_net(), Empty())


def test_softmax_changes_nothing_and_the_model_comes_back() -> None:
    net = brightness_net().train()
    soft = Network(nn.Sequential(*net.body.children(), nn.Softmax(1)), source="soft", head="2")
    assert [m.value for m in measured(net)] == [m.value for m in measured(soft)]
    assert net.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())


def test_the_batch_is_not_in_the_identity_and_the_rest_is() -> None:
    usual = CertifiedAccuracy()
    assert CertifiedAccuracy(batch=3).identity() == usual.identity()
    for changed in (
        {"sigma": 0.5},
        {"n0": 100},
        {"n": 100_000},
        {"alpha": 0.01},
        {"num_samples": 7},
        {"radii": (0.0,)},
    ):
        assert usual.replace(**changed).digest() != usual.digest()


def test_the_report_has_a_curve_a_radius() -> None:
    rows = verbs.measure(brightness_net(), ToyTask(), [{"name": "certified_accuracy", **QUICK}])
    labels = [measure.label for measure in read_results(rows).measures]
    assert labels == [f"certified accuracy (radius {at})" for at in ("0", "0.25", "0.5")]
