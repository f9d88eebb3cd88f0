"""Corruption error: known errors, what rows say, what is the key, and mCE only where it has a reference."""

from typing import Any, ClassVar

import pytest
import torch
from tests.fitting.toys import Toy, network
from torch import Tensor, nn

from tombola.answers import Answers, Maps
from tombola.batch import to_float
from tombola.data._base import InMemory, Splits
from tombola.data.corruptions._base import FIFTEEN, SEVERITIES, Corruption
from tombola.errors import DataError, OptionError, RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.properties._alexnet import CLEAN, ERRORS, is_imagenet, mean_errors_of_alexnet
from tombola.properties._base import Measurement, Property
from tombola.properties.corruption_error import CorruptionError
from tombola.report.curves import read_results
from tombola.tasks._base import Task
from tombola.verbs import measure

from .toy_task import ToyTask, brightness_net


def measured(net: Network, task: Task, *, seed: int = 0, **options: Any) -> dict[str, Measurement]:
    found = Property.parse({"name": "corruption_error", **options}).measure(net, task, seed=seed, session=Session())
    return {item.metric: item for item in found}


def test_brighter_pictures_are_called_bright_by_a_net_that_looks_at_brightness() -> None:
    # Brightness 0..250 in tens, bright from 130 on; 0 is labelled bright and so wrong on clean pictures. Severity 1
    # adds 12.75: 120 becomes bright, and wrong. Severity 5 adds 76.5: 60 to 120 do. Black stays dark, and wrong.
    found = measured(brightness_net(), ToyTask(), corruptions=["brightness"], severities=[5, 1])
    assert found["clean_error"].value == pytest.approx(100 / 26)
    assert found["severity_1_error"].value == pytest.approx(200 / 26)
    assert found["severity_5_error"].value == pytest.approx(800 / 26)
    assert found["corruption_error"].value == found["brightness_error"].value == pytest.approx(500 / 26)
    assert found["relative_corruption_error"].value == pytest.approx(400 / 26)
    assert found["relative_corruption_error"].unit == "points"
    assert next(iter(found)) == "corruption_error"
    assert {(m.better, m.samples) for m in found.values()} == {("lower", 26)}


def test_every_cell_counts_alike_and_is_that_of_the_corrupted_pictures() -> None:
    net, task = network(), Toy()
    found = measured(net, task)
    test = task.splits().test
    assert isinstance(test, InMemory)

    def error(name: str, severity: int) -> float:
        with torch.no_grad():
            told = net.eval()(to_float(Corruption.parse(name).corrupt(test.pixels, severity))).argmax(1)
        return 100 * float((told != test.labels).double().mean())

    cells = torch.tensor([[error(name, severity) for severity in SEVERITIES] for name in FIFTEEN])
    assert found["corruption_error"].value == pytest.approx(float(cells.mean()), abs=1e-4)
    assert found["glass_blur_error"].value == pytest.approx(float(cells[4].mean()), abs=1e-4)
    assert found["severity_2_error"].value == pytest.approx(float(cells[:, 1].mean()), abs=1e-4)
    assert len(found) == 3 + 15 + 5
    assert "mce" not in found


def test_batches_and_the_seed_of_the_study_change_nothing_and_the_model_comes_back() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    net = Network(body, source="toy").train()
    options: dict[str, Any] = {"corruptions": ["gaussian_noise", "fog", "frost"], "severities": [4]}
    values = [
        {name: m.value for name, m in measured(net, ToyTask(), seed=seed, batch=batch, **options).items()}
        for seed, batch in ((0, 1), (1, 7), (2, 256))
    ]
    assert values[0] == values[1] == values[2]
    assert net.training
    assert all(parameter.requires_grad for parameter in net.parameters())
    other = measured(net, ToyTask(), images_seed=3, **options)
    assert {name: m.value for name, m in other.items()} != values[0]


def test_the_rows_say_how_the_pictures_were_made() -> None:
    for item in measured(network(), Toy(), corruptions=["fog", "snow"], severities=[2], samples=5).values():
        assert item.samples == 5
        assert item.detail == {
            "pictures": "made in memory",
            "corruptions": "fog, snow",
            "severities": "2",
            "constants": "32",
            "pixels": 8,
            "images_seed": 0,
        }
    with pytest.raises(RequestError, match="30 samples"):
        measured(network(), Toy(), samples=31)


def test_the_key_is_what_is_measured_and_the_batch_is_not() -> None:
    usual = CorruptionError()
    assert CorruptionError(batch=3).digest() == usual.digest()
    written = {"corruptions": list(FIFTEEN), "severities": [5, 4, 3, 2, 1, 1]}
    assert Property.parse({"name": "corruption_error", **written}).digest() == usual.digest()
    others: list[dict[str, Any]] = [{"samples": 9}, {"severities": [1]}, {"corruptions": ["fog"]}, {"images_seed": 1}]
    assert len({Property.parse({"name": "corruption_error", **other}).digest() for other in others}) == 4


def test_wrong_options_are_named() -> None:
    twice = ["fog", "fog"]
    wrongs: list[dict[str, Any]] = [
        {"severities": [0]},
        {"severities": []},
        {"corruptions": []},
        {"corruptions": twice},
    ]
    for wrong in wrongs:
        with pytest.raises((OptionError, RequestError)):
            Property.parse({"name": "corruption_error", **wrong})
    with pytest.raises(RequestError, match="did you mean 'frost'"):
        Property.parse({"name": "corruption_error", "corruptions": ["frots"]})


def test_alexnet_has_a_hundred() -> None:
    found = mean_errors_of_alexnet(ERRORS, CLEAN)
    assert found == {"mce": pytest.approx(100), "relative_mce": pytest.approx(100)}
    assert set(ERRORS) == set(FIFTEEN)
    half = mean_errors_of_alexnet({name: error / 2 for name, error in ERRORS.items()}, CLEAN / 2)
    assert half == {"mce": pytest.approx(50), "relative_mce": pytest.approx(50)}


def imagenet(size: int = 224, names: str = "n{:08d}", classes: int = 1000) -> InMemory:
    """One image of as many classes as ImageNet has."""
    pixels = torch.zeros(1, 3, size, size, dtype=torch.uint8)
    return InMemory(pixels, torch.tensor([1]), tuple(names.format(place) for place in range(classes)))


class Told(ToyTask):
    """A task on `imagenet`."""

    pixels: int = 224

    def splits(self) -> Splits:
        images = imagenet(self.pixels)
        return Splits(images, images, images)


class Zero(nn.Module):
    """Says class 0 always."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(x.mean((2, 3)))
        return 0 * out + torch.tensor([1.0, 0.0])


@pytest.mark.slow
def test_mce_is_there_for_imagenet_at_224_whole_and_nowhere_else() -> None:
    assert is_imagenet(imagenet())
    assert not is_imagenet(imagenet(size=64))
    assert not is_imagenet(imagenet(names="class {}"))
    assert not is_imagenet(imagenet(classes=200))
    net = Network(Zero(), source="zero")
    found = measured(net, Told())
    assert found["corruption_error"].value == 100
    assert found["mce"].value == pytest.approx(sum(100 * 100 / e for e in ERRORS.values()) / 15)
    assert found["relative_mce"].value == 0
    assert "mce" not in measured(net, Told(), severities=[1, 2], corruptions=["contrast"])
    assert "mce" not in measured(net, Told(pixels=32))


def test_a_task_with_a_target_a_pixel_is_refused_before_anything_runs() -> None:
    class Scenes(ToyTask):
        ANSWERS: ClassVar[type[Answers]] = Maps

    with pytest.raises(RequestError, match="has a target a pixel"):
        CorruptionError().check(Scenes())


def test_an_empty_test_split_is_refused() -> None:
    class Empty(ToyTask):
        def splits(self) -> Splits:
            nothing = InMemory(torch.zeros(0, 3, 8, 8, dtype=torch.uint8), torch.zeros(0).long(), ("a", "b"))
            return Splits(nothing, nothing, nothing)

    with pytest.raises(DataError, match="nothing to corrupt"):
        measured(brightness_net(), Empty())


def test_the_report_draws_the_mean_and_leaves_the_rest_to_the_tables() -> None:
    wanted = {"name": "corruption_error", "corruptions": ["fog", "contrast"], "severities": [1, 5]}
    results = read_results(measure(network(), Toy(), [wanted]))
    assert [m.metric for m in results.measures] == ["corruption_error"]
    assert len(results.summaries) == 3 + 2 + 2
