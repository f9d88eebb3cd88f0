"""Calibration error as a property: the values of known logits, the split T comes from, and what is refused."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from tests.fitting.toys import Toy, network
from torch import nn

from tombola.errors import DataError, RequestError, StageError
from tombola.fitting.session import Session, Silent
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import Measurement, Property
from tombola.properties._calibration import brier, nll
from tombola.properties.calibration_error import CalibrationError
from tombola.tasks._base import Task

from .answering import Written, logits_of, reader


@dataclass
class Heard(Silent):
    """Keeps the notes."""

    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)


def measured(net: Network, task: Task, session: Session | None = None, **options: Any) -> dict[str, Measurement]:
    """By metric."""
    found = CalibrationError(**options).measure(net, task, seed=0, session=session or Session())
    assert found[0].metric == "calibration_error"
    return {m.metric: m for m in found}


def test_the_values_are_those_of_the_logits_on_the_test_split() -> None:
    found, (logits, labels) = measured(reader(), Written()), logits_of(Written())
    confidence, answer = logits.softmax(1).max(1)
    place = (confidence * 15).floor()
    gaps = [((answer == labels).double() - confidence)[place == b].sum().abs() for b in range(15)]
    assert found["calibration_error"].value == pytest.approx(100 * float(sum(gaps)) / 400, abs=1e-4)
    assert found["accuracy"].value == pytest.approx(100 * float((answer == labels).double().mean()))
    assert found["nll"].value == pytest.approx(nll(logits, labels), abs=1e-6)
    assert found["brier"].value == pytest.approx(brier(logits, labels), abs=1e-6)
    scaled = logits / found["temperature"].value
    assert found["scaled_nll"].value == pytest.approx(nll(scaled, labels), abs=1e-6)
    assert found["scaled_brier"].value == pytest.approx(brier(scaled, labels), abs=1e-6)


def test_temperature_comes_from_validation_and_helps() -> None:
    found = measured(reader(), Written())
    assert found["temperature"].value == pytest.approx(2, abs=0.5)
    assert found["scaled_error"].value < found["calibration_error"].value
    for metric in ("adaptive_error", "nll", "brier"):
        assert found[f"scaled_{metric}"].value < found[metric].value
    assert found["temperature"].samples == 300
    other = measured(reader(), Written(test="turned"))
    assert other["temperature"].value == found["temperature"].value
    assert other["nll"].value != found["nll"].value
    assert found["scaled_nll"].detail == {"bins": 15, "fitted_on": 300}
    assert found["nll"].samples == 400


def test_logits_scaled_by_hand_have_another_temperature_and_the_same_scaled_errors() -> None:
    sharp = reader()
    with torch.no_grad():
        sharp.head.weight.mul_(3)  # type: ignore[operator]  # a Linear layer's weight
    plain, found = measured(reader(), Written()), measured(sharp, Written())
    assert found["temperature"].value == pytest.approx(3 * plain["temperature"].value, rel=1e-4)
    assert found["nll"].value > plain["nll"].value
    for metric in ("scaled_error", "scaled_nll", "scaled_brier", "accuracy"):
        assert found[metric].value == pytest.approx(plain[metric].value, rel=1e-4)


def test_probabilities_are_refused_and_log_probabilities_are_logits() -> None:
    with pytest.raises(RequestError, match=r"look like probabilities; this needs logits: leave out the softmax"):
        measured(reader(nn.Softmax(1)), Written())
    logs = measured(reader(nn.LogSoftmax(1)), Written())
    assert logs["nll"].value == pytest.approx(measured(reader(), Written())["nll"].value, abs=1e-5)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("empty", "split is empty"),
        ("one", "holds one class only"),
        ("unlabelled", "without a class; it needs one label an image"),
        ("more", "label 3 and reader 3 outputs"),
    ],
)
def test_splits_that_cannot_be_calibrated_on_are_refused(split: str, how: str, said: str) -> None:
    task = Written(val=how) if split == "validation" else Written(test=how)
    with pytest.raises(DataError, match=f"the {split} split.*{said}|{said}"):
        measured(reader(), task)


def test_one_output_no_vector_and_nan_are_refused() -> None:
    with pytest.raises(RequestError, match="one output"):
        measured(reader(nn.Linear(3, 1)), Written())
    with pytest.raises(RequestError, match=r"gives \(3, 1\) for an image"):
        measured(reader(nn.Unflatten(1, (3, 1))), Written())
    broken = reader()
    with torch.no_grad():
        broken.head.bias.fill_(float("nan"))  # type: ignore[operator]  # a Linear layer's bias
    with pytest.raises(StageError, match="NaN"):
        measured(broken, Written())


def test_a_temperature_at_the_end_of_its_range_is_told() -> None:
    heard = Heard()
    backwards = reader()
    with torch.no_grad():
        backwards.head.weight.mul_(-1)  # type: ignore[operator]  # a Linear layer's weight
    found = measured(backwards, Written(), Session(reporter=heard))
    assert found["temperature"].value == 100
    assert "temperature of 100" in heard.notes[0]
    measured(reader(), Written(), Session(reporter=heard))
    assert len(heard.notes) == 1


def test_the_batch_does_not_matter_and_the_model_comes_back() -> None:
    net = network(0).train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    first, second = (measured(net, Toy(), batch=batch) for batch in (7, 256))
    assert [m.value for m in first.values()] == pytest.approx([m.value for m in second.values()], rel=1e-4)
    assert net.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert Property.parse({"name": "calibration_error", "batch": 7}).identity() == CalibrationError().identity()


def test_it_runs_on_digits() -> None:
    net = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=10)
    found = measured(net, Task.parse("digits"))
    assert found["accuracy"].samples == found["calibration_error"].samples > 500
    assert 0 <= found["scaled_error"].value <= 100
