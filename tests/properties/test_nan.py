"""NaN in is no number out: a network that answers with NaN has no value of any property, and nothing adapts it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.contract.checks.properties import subject
from tests.fitting.toys import Toy, masks, network

from tombola import verbs
from tombola.errors import Diverged, ModelError, StageError, TombolaError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.files import save_network
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.properties._base import Measurement, PairProperty, Property, TicketProperty
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts
from tombola.transfers._base import Transfer

SMALL: dict[str, dict[str, Any]] = {
    "certified_accuracy": {"n0": 4, "n": 20, "num_samples": 2},
    "corruption_error": {"samples": 4, "corruptions": ["gaussian_noise"], "severities": [1]},
    "adversarial_accuracy": {"samples": 4, "attack": {"steps": 1}},
    "frechet_distance": {"other": "digits"},
    "ood_auroc": {"out": {"name": "glyphs", "num_train": 52, "num_val": 26, "num_test": 26}},
}
COUNTS = ("size",)
"""What a network is made of, not what it answers."""
FIT = {"epochs": "2it", "batch": 16, "optimizer": {"lr": 0.05}, "precision": "float32"}


def looks_at_answers(name: str) -> bool:
    return name not in COUNTS and not issubclass(Property.family.get(name), TicketProperty)


def broken(source: dict[str, Any]) -> Network:
    model = Source.parse(source).load(num_classes=10)
    with torch.no_grad():
        next(model.body.parameters()).view(-1)[0] = torch.nan
    return model


def asked(name: str, folder: Path) -> tuple[Property, Network, Task]:
    """A property, and a small net and task that it can be asked of; the net answers NaN."""
    kind = Property.family.get(name)
    item: Any = kind.examples(folder)[0] if name not in SMALL else Property.parse({"name": name, **SMALL[name]})
    found, task = subject(item)
    model = found.copy()
    weights = [*model.body.parameters()]
    with torch.no_grad():
        if isinstance(task, OfTexts):
            weights[-1].fill_(torch.nan)  # the first are words' vectors, which not every text has
        else:
            weights[0].view(-1)[0] = torch.nan
    return item, model, task


@pytest.mark.parametrize("name", [*filter(looks_at_answers, Property.family.names())])
def test_no_property_has_a_value_of_a_network_that_answers_nan(name: str, tmp_path: Path) -> None:
    item, model, task = asked(name, tmp_path)
    two = (model,) if isinstance(item, PairProperty) else ()
    ask: Any = verbs.compare if two else verbs.measure
    with pytest.raises(StageError, match=r"(?i)\bnan\b"):
        ask(model, *two, task, [item])


@pytest.mark.parametrize("name", Transfer.family.names())
def test_nothing_adapts_it(name: str) -> None:
    model = network()
    with torch.no_grad():
        model.body.get_parameter("0.weight")[0, 0, 0, 1] = torch.nan  # one that is kept
    options = {} if name == "linear" else {"fit": FIT}
    with pytest.raises(TombolaError):
        Transfer.parse({"name": name, **options}).adapt(model, masks(model), Toy(), seed=0, session=Session())


def test_broken_statistics_are_seen_when_weights_are_selected() -> None:
    """Frozen statistics that are NaN never show in a loss of training mode."""
    model = network()
    model.body.get_buffer("1.running_var")[0] = torch.nan
    with pytest.raises(Diverged, match=r"validation images with NaN at step 3 of 6\..*optimizer\.lr"):
        build(Fit, {**FIT, "epochs": "2ep", "select": "best_val"}).run(model, Toy(), seed=0, session=Session())


def test_a_file_with_nan_is_refused_by_name(tmp_path: Path) -> None:
    file = save_network(broken({"name": "resnet8", "width": 0.25}), tmp_path / "nan.safetensors")
    with pytest.raises(ModelError, match=r"nan\.safetensors: 1 tensors hold NaN: \S*weight; the training that left"):
        Source.parse({"name": f"path:{file}", "arch": "resnet8", "width": 0.25}).load()


def test_a_property_that_gives_no_number_is_an_error_and_no_row() -> None:
    class Odd(Property):
        def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
            return [Measurement("odd", float("inf"), 1)]

    with pytest.raises(StageError, match="odd is inf, so nothing was measured"):
        verbs.measure(network(), Toy(), Odd())
