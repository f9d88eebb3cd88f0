"""Classifiers' tickets transferred to segmentation: masks stay, frozen bodies stay, killed trainings go on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.transfers.halves import drawn, same

from tombola import verbs
from tombola.errors import OptionError, RequestError
from tombola.fitting.session import Bar, Session
from tombola.models.network import Network
from tombola.study.study import Study
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

SCENES = {"name": "segmentation:shapes", "size": 16, "num_train": 48, "num_val": 4, "num_test": 8}
FIT = {"epochs": "2ep", "batch": 8, "optimizer": {"lr": 0.05}, "precision": "float32", "checkpoint_every": "2it"}


def adapted(how: str = "finetune", session: Session | None = None, **options: Any) -> Network:
    model, ticket = drawn()
    task = Task.parse({**SCENES, **options.pop("task", {})})
    return verbs.transfer(model, ticket, task, {"name": how, "fit": FIT, **options}, seed=1, session=session)


@pytest.mark.parametrize("options", [{}, {"decoder": "deeplab"}, {"output_stride": 2, "augment_with": "flip_scale"}])
def test_finetuning_moves_the_body_and_pruned_weights_stay_zero(options: dict[str, Any]) -> None:
    model, ticket = drawn()
    result = adapted(task=options)
    for name, mask in ticket.masks.items():
        weight, before = result.body.get_parameter(name), model.body.get_parameter(name)
        assert not weight[~mask].any()
        assert not torch.signbit(weight[~mask]).any()
        assert not torch.equal(weight[mask], before[mask])


@pytest.mark.slow
def test_it_learns_to_see_shapes() -> None:
    fit = {"epochs": "6ep", "batch": 16, "optimizer": {"lr": 0.1}, "precision": "float32"}
    scenes = {"size": 24, "num_train": 160, "num_test": 32, "data": "shapes"}
    result = adapted(task=scenes, fit=fit)
    rows = verbs.measure(result, Task.parse({**SCENES, **scenes}), "mean_iou")
    assert rows[0].value > 40  # the background alone comes to 22
    assert rows[1].value > 90


@pytest.mark.parametrize("bn", ["frozen", "recalibrated"])
def test_with_a_frozen_body_the_head_alone_is_trained_with_statistics_of_its_own(bn: str) -> None:
    model, ticket = drawn()
    result = adapted("linear_sgd", bn=bn)
    masked = verbs.applied(model, ticket).body.state_dict()
    after = result.body.state_dict()
    moved = {name for name in masked if name in after and not torch.equal(masked[name], after[name])}
    assert {name.rpartition(".")[2] for name in moved} <= {"running_mean", "running_var", "num_batches_tracked"}
    assert bool(moved) == (bn == "recalibrated")
    assert after["linear.1.running_mean"].any()


def test_the_closed_form_is_refused_and_says_what_to_write() -> None:
    model, ticket = drawn()
    with pytest.raises(RequestError, match=r"write transfer: linear_sgd .* or finetune"):
        verbs.transfer(model, ticket, Task.parse(SCENES), "linear")


class Killed(Exception):
    """What a test raises in the middle of a training."""


class Killing(Bar):
    """A reporter whose training dies at the first news from it after ``steps`` steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @contextmanager
    def task(self, title: str, total: int, done: int) -> Iterator[Bar]:
        yield self

    def advance(self, steps: int, *, samples: int, loss: float | None) -> None:
        self.left -= steps
        if self.left < 0:
            raise Killed

    def note(self, text: str) -> None:
        """Not of interest."""


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = adapted()
    with pytest.raises(Killed):
        adapted(session=Session(tmp_path, reporter=Killing(7)))
    assert any(tmp_path.rglob("step-*.safetensors"))
    again = adapted(session=Session(tmp_path))
    assert same(whole, again)
    assert not again.body.get_parameter("layer1.0.conv1.weight")[~drawn()[1].masks["layer1.0.conv1.weight"]].any()


@pytest.mark.slow
def test_an_adapted_ticket_is_measured_from_its_file_alone(tmp_path: Path) -> None:
    task = Task.parse({**SCENES, "decoder": "deeplab"})
    _, ticket = drawn()
    network = adapted(task={"decoder": "deeplab"})
    file = verbs.keep(network, ticket, task).save(tmp_path / "adapted.ticket")
    back = verbs.finished(str(file), task)
    assert same(network.body, back.body)
    assert verbs.measure(back, task, "mean_iou") == verbs.measure(network, task, "mean_iou")
    based = verbs.base_of(Ticket.load(file))
    assert same(verbs.applied(based, Ticket.load(file)).body, network.body)


STUDY: dict[str, Any] = {
    "name": "scenes",
    "model": {"name": "resnet8", "width": 0.25},
    "draw": {"name": "omp", "sparsity": 0.5},
    "target": SCENES,
    "transfer": {"name": "finetune", "fit": {"epochs": "3it", "batch": 8}},
    "measure": ["mean_iou"],
}


def test_a_study_goes_all_the_way_through_its_stages(tmp_path: Path) -> None:
    from tombola.rows import read_rows
    from tombola.study.chain import stages_of
    from tombola.study.measuring import MeasureStage
    from tombola.study.stage import ROWS

    (measured,) = stages_of(Study.of(STUDY).cells()[0].experiment)
    assert isinstance(measured, MeasureStage)
    folders: dict[str, Path] = {}
    finished = measured.finished
    for stage in (finished.prior, finished.drawn, finished, measured):
        folders[stage.key] = out = tmp_path / stage.key[:8]
        out.mkdir()
        stage.work(folders, out, Session())
    rows = read_rows(folders[measured.key] / ROWS)
    assert [row.metric for row in rows] == ["mean_iou", "pixel_accuracy"]


@pytest.mark.parametrize(
    ("changes", "says"), [({"measure": ["accuracy"]}, "mean_iou"), ({"transfer": "linear"}, "linear_sgd")]
)
def test_a_study_that_cannot_work_is_refused_before_anything_trains(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        Study.of({**STUDY, **changes}).cells()


@pytest.mark.parametrize("scheme", ["imp", "lmp"])
def test_schemes_draw_on_the_segmentation_task_itself(scheme: str) -> None:
    model, _ = drawn()
    fit = {"epochs": "2it", "batch": 8}
    ticket = verbs.draw(model, {"name": scheme, "sparsity": 0.4, "fit": fit}, task=Task.parse(SCENES))
    assert set(ticket.masks) == {name for name in model.body.state_dict() if "conv" in name}
    assert ticket.masks.sparsity == pytest.approx(0.4, abs=1e-3)


def test_training_against_an_attack_works_a_pixel_at_a_time() -> None:
    attack = {"name": "pgd", "eps": 0.02, "steps": 2}
    fit = {"epochs": "2it", "batch": 8, "objective": {"name": "adversarial", "attack": attack}}
    result = adapted(fit=fit)
    assert all(bool(value.isfinite().all()) for value in result.parameters())


@pytest.mark.realdata
def test_camvid_is_read_and_a_ticket_learns_from_it() -> None:
    data = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "camvid"
    if not data.is_dir():
        pytest.skip(f"no {data}")
    task = Task.parse({"name": f"segmentation:scene_pack:{data / 'camvid240'}", "height": 36, "width": 48})
    splits = task.splits()
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [367, 101, 233]
    assert (len(splits.classes), splits.classes[3]) == (11, "Road")
    model, ticket = drawn()
    fit = {"preset": "dac-segmentation", "epochs": "3ep", "batch": 8, "optimizer": {"lr": 0.05}}
    result = verbs.transfer(model, ticket, task, {"name": "finetune", "fit": fit})
    rows = verbs.measure(result, task, "mean_iou")
    assert rows[0].value > 15
    assert rows[1].value > 60
