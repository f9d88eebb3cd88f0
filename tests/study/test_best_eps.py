"""``eps=best`` in a study: the eps of the target's data set and the transfer, the same stage as when it is written."""

from typing import Any

import pytest

from tombola.errors import ModelError, OptionError
from tombola.models.source import Source
from tombola.study.chain import stages_of
from tombola.study.experiment import Experiment
from tombola.study.stages import PretrainStage
from tombola.study.study import Study


def _experiment(model: Any, **more: Any) -> Experiment:
    options = {"target": "digits", "draw": {"name": "omp", "sparsity": 0.5}, **more}
    return Experiment(model=Source.parse(model), **options)


def _prior(experiment: Experiment) -> PretrainStage:
    found: Any = stages_of(experiment)[0]
    while not isinstance(found, PretrainStage):
        found = found.inputs[0]
    return found


@pytest.mark.parametrize(
    ("model", "transfer", "eps"),
    [
        ("robust:resnet18-l2-eps=best@caltech101", "linear", "0.1"),
        ("robust:resnet18-l2-eps=best@caltech101", "finetune", "0"),
        ("robust:resnet50-l2-eps=best@cars", "linear_sgd", "0.5"),
    ],
)
def test_best_is_the_stage_of_the_eps_it_stands_for(model: str, transfer: str, eps: str) -> None:
    arch = model.removeprefix("robust:").partition("-")[0]
    chosen = _prior(_experiment(model, transfer=transfer))
    written = _prior(_experiment(f"robust:{arch}-l2-eps{eps}", transfer=transfer))
    assert chosen.model.name == f"robust:{arch}-l2-eps{eps}"
    assert chosen.key == written.key


def test_the_targets_data_set_is_the_row_unless_one_is_named() -> None:
    for data, eps in (("cifar10", "3"), ("cifar100", "1")):
        experiment = _experiment("robust:resnet18-l2-eps=best", target=data, transfer="finetune")
        assert experiment.prior.name == f"robust:resnet18-l2-eps{eps}"


def test_a_target_the_table_lacks_is_missed_before_anything_runs() -> None:
    study = Study.of({"model": "robust:resnet18-l2-eps=best", "target": "digits", "draw": {"sparsity": 0.5}})
    with pytest.raises(OptionError, match=r"eps=best: the table has no row for 'digits'.*as in eps=best@pets"):
        study.cells()


def test_axes_of_transfers_choose_their_own() -> None:
    study = Study.of(
        {
            "model": "robust:resnet18-l2-eps=best@flowers",
            "target": "digits",
            "draw": {"sparsity": 0.5},
            "axes": {"transfer": ["finetune", "linear"]},
        }
    )
    assert [cell.experiment.prior.name[-4:] for cell in study.cells()] == ["eps0", "s0.1"]


def test_alone_it_names_no_weights() -> None:
    source = Source.parse("robust:resnet18-l2-eps=best")
    with pytest.raises(ModelError, match=r"leaves the eps to a task.*write an eps, as in robust:resnet18-l2-eps3"):
        source.load()
    assert source.bare == "torchvision:resnet18"
    assert Source.parse("resnet8").chosen("digits", "linear") == Source.parse("resnet8")
