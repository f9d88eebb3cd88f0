"""Distillation: the formula, place by place; a teacher nobody trains, known by its content, that fits or is refused."""

import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from tests.fitting.toys import Toy, masks, network
from torch import Tensor

from tombola import verbs
from tombola.answers import Answers, Classes, Maps, Span, Tokens, Vectors
from tombola.batch import Batch
from tombola.data._hidden_words import NOTHING
from tombola.data._scenes import VOID
from tombola.errors import RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.joining import unpruned
from tombola.models.digest import weights_digest
from tombola.models.files import save_network
from tombola.models.network import Network
from tombola.objectives._base import START, Objective
from tombola.objectives.distill import Distill, Distilling
from tombola.spec import build
from tombola.tasks._base import Task

DIGITS = {"name": "digits", "num_train": 60}
SHORT: dict[str, Any] = {"epochs": "2it", "batch": 20}


def distill(**options: Any) -> Distill:
    found = Objective.parse({"name": "distill", **options})
    assert isinstance(found, Distill)
    return found


def fit(objective: Objective, **options: Any) -> Fit:
    return build(Fit, {"epochs": "6it", "batch": 10, "precision": "float32", "objective": objective, **options})


def by_hand(outputs: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """T^2 * sum p log(p / q) over the last dimension."""
    q, p = (one / temperature for one in (outputs, taught))
    return temperature**2 * (p.softmax(-1) * (p.log_softmax(-1) - q.log_softmax(-1))).sum(-1)


def two(*shape: int) -> tuple[Tensor, Tensor]:
    drawn = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=drawn), torch.randn(shape, generator=drawn)


def test_it_is_hintons_formula_and_nothing_for_equal_outputs() -> None:
    outputs, taught = two(5, 4)
    targets = torch.zeros(5, dtype=torch.int64)
    found = distill(temperature=3.0).apart(Classes(4), outputs, taught, targets)
    assert torch.allclose(found, by_hand(outputs, taught, 3.0), atol=1e-5)
    assert torch.equal(distill().apart(Classes(4), outputs, outputs, targets), torch.zeros(5))


def test_of_pixels_it_is_an_images_mean_without_void_ones() -> None:
    outputs, taught = two(2, 3, 4, 4)
    targets = torch.zeros(2, 4, 4, dtype=torch.int64)
    targets[0, :2] = VOID
    found = distill().apart(Maps(3), outputs, taught, targets)
    each = by_hand(outputs.movedim(1, -1), taught.movedim(1, -1), 2.0)
    assert torch.allclose(found, torch.stack([each[0, 2:].mean(), each[1].mean()]), atol=1e-5)
    targets[0] = VOID
    assert float(distill().apart(Maps(3), outputs, taught, targets)[0]) == 0


def test_of_hidden_words_it_is_the_mean_of_those_asked_for() -> None:
    outputs, taught = two(2, 5, 7)
    targets = torch.full((2, 5), NOTHING)
    targets[0, 1] = targets[0, 3] = 2
    found = distill().apart(Tokens(7), outputs, taught, targets)
    each = by_hand(outputs, taught, 2.0)
    assert torch.allclose(found, torch.stack([each[0, [1, 3]].mean(), torch.tensor(0.0)]), atol=1e-5)


def test_of_spans_what_fills_a_window_up_counts_for_nothing() -> None:
    outputs, taught = two(1, 6, 2)
    found = distill().apart(Span(), outputs, taught, torch.tensor([[0, 2, 4]]))
    each = by_hand(outputs[:, :4].transpose(1, 2), taught[:, :4].transpose(1, 2), 2.0)
    assert torch.allclose(found, each.mean(1), atol=1e-5)


def test_the_losses_are_weighed_and_the_teacher_sees_the_batch_as_it_is() -> None:
    student, teacher = network(), network(1)
    shown = Toy().splits().train.take(torch.arange(6)).to_float()
    ours = distill(weight=0.25).taught(teacher)
    running = ours.begin(student, Toy(), seed=0)
    loss, outputs = running.loss(student, shown, Toy().losses, at=START, generator=torch.Generator())
    expected = 0.75 * Toy().losses(outputs, shown.targets).mean()
    expected = expected + 0.25 * by_hand(outputs, teacher.eval()(shown.x), 2.0).mean()
    assert torch.allclose(loss, expected, atol=1e-6)


def test_around_an_attack_the_teacher_is_asked_without_one() -> None:
    ours = distill(of={"name": "adversarial", "attack": {"name": "pgd", "eps": 0.1, "steps": 1}}, weight=1.0)
    student, teacher = network().eval(), network(1).eval()
    shown = Toy().splits().train.take(torch.arange(6)).to_float()
    running = ours.taught(teacher).begin(student, Toy(), seed=0)
    loss, outputs = running.loss(student, shown, Toy().losses, at=START, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(outputs, student(shown.x))
    assert torch.allclose(loss, by_hand(outputs, teacher(shown.x), 2.0).mean(), atol=1e-5)


def test_a_training_leaves_its_teacher_alone_and_ends_with_the_same_bits(tmp_path: Path) -> None:
    teacher = network(1).train()
    before = {name: tensor.clone() for name, tensor in teacher.state_dict().items()}
    how = fit(distill().taught(teacher), shards=2, checkpoint_every="1it")
    one = how.run(network(), Toy(), masks=masks(network()), seed=0, session=Session(tmp_path / "a"))
    again = how.run(network(), Toy(), masks=masks(network()), seed=0, session=Session())
    assert weights_digest(one) == weights_digest(again)
    assert all(torch.equal(tensor, before[name]) for name, tensor in teacher.state_dict().items())
    assert teacher.training
    plain = fit(Objective.parse("natural"), shards=2)
    assert weights_digest(plain.run(network(), Toy(), seed=0, session=Session())) != weights_digest(one)


def test_it_learns_in_bfloat16() -> None:
    found = fit(distill().taught(network(1)), precision="bfloat16").run(network(), Toy(), seed=0, session=Session())
    assert all(bool(torch.isfinite(tensor).all()) for tensor in found.state_dict().values())


def saved(path: Path, seed: int = 1) -> Path:
    return save_network(verbs.pretrain({"name": "resnet8", "width": 0.25}, DIGITS, SHORT, seed=seed), path)


def test_a_file_is_known_by_its_content_and_not_by_its_place(tmp_path: Path) -> None:
    one = saved(tmp_path / "one.safetensors")
    other = Path(shutil.copy(one, tmp_path / "other.safetensors"))
    asked = distill(teacher=f"path:{one}")
    assert asked.identity() == distill(teacher=f"path:{other}").identity()
    saved(other, seed=2)
    assert asked.identity() != distill(teacher=f"path:{other}").identity()
    assert asked.passes(10) is None
    saved(one, seed=2)
    with pytest.raises(RequestError, match="another file than when it was asked for"):
        asked.begin(network(), Task.parse(DIGITS), seed=0)


def test_the_dense_net_of_the_same_transfer_is_one_word() -> None:
    """It is what one gets by adapting the dense network first and naming it."""
    model = verbs.pretrain({"name": "resnet8", "width": 0.25}, DIGITS, SHORT, seed=1)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    plain = {"name": "finetune", "fit": SHORT}
    how = {"name": "finetune", "fit": {**SHORT, "objective": "distill"}}
    found = verbs.transfer(model, ticket, DIGITS, how)
    dense = verbs.transfer(model, unpruned(model), DIGITS, plain)
    named = {"name": "finetune", "fit": {**SHORT, "objective": distill().taught(dense)}}
    assert weights_digest(found) == weights_digest(verbs.transfer(model, ticket, DIGITS, named))
    assert weights_digest(found) != weights_digest(verbs.transfer(model, ticket, DIGITS, plain))


def test_a_self_contained_ticket_teaches_and_has_no_dense_net(tmp_path: Path) -> None:
    model = verbs.pretrain({"name": "resnet8", "width": 0.25}, DIGITS, SHORT, seed=1)
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5})
    file = ticket.save(tmp_path / "mask.ticket")
    with pytest.raises(RequestError, match="mask-only and answers nothing"):
        distill(teacher=str(file)).begin(network(), Task.parse(DIGITS), seed=0)
    adapted = verbs.transfer(model, ticket, DIGITS, {"name": "finetune", "fit": SHORT})
    kept = verbs.keep(adapted, ticket, Task.parse(DIGITS))
    running = distill(teacher=str(kept.save(tmp_path / "x.ticket"))).begin(network(), Task.parse(DIGITS), seed=0)
    assert isinstance(running, Distilling)
    x = torch.rand(2, 3, 16, 16)
    assert torch.allclose(running._teacher(x), adapted(x), atol=1e-5)
    how = {"name": "finetune", "fit": {**SHORT, "objective": "distill"}}
    with pytest.raises(RequestError, match="the ticket brings the weights it kept"):
        verbs.transfer({"name": "resnet8", "width": 0.25}, kept, DIGITS, how)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"teacher": "path:nowhere.safetensors"}, "nowhere.safetensors cannot be read"),
        ({"teacher": "nowhere.ticket"}, "nowhere.ticket cannot be read"),
        ({"teacher": "resnet88"}, "resnet88"),
        ({"of": "free"}, "moves what it trains on"),
        ({"of": "freelb"}, "has spent its gradients"),
        ({"of": {"name": "mixture", "parts": {"freelb": 1, "natural": 1}}}, "has spent its gradients"),
        ({"temperature": 0}, "greater than 0"),
        ({"weight": 1.5}, "less than or equal to 1"),
    ],
)
def test_what_cannot_teach_or_be_taught_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        distill(**options)


def refused(teacher: Objective, task: Task, problem: str) -> None:
    with pytest.raises(RequestError, match=problem):
        teacher.begin(network(), task, seed=0)


@pytest.mark.slow
def test_a_teacher_that_does_not_fit_the_task_is_refused(tmp_path: Path) -> None:
    file = saved(tmp_path / "net.safetensors")
    refused(distill(teacher=f"path:{file}"), Task.parse({"name": "digits", "size": 32}), "images of 16 pixels, and")
    refused(distill(teacher=f"path:{file}"), Task.parse({"name": "glyphs", "size": 16}), "tells the 10 classes")
    refused(distill(teacher="resnet8"), Task.parse(DIGITS), "was never trained")
    refused(distill().taught(network()), Task.parse(DIGITS), "tells 3 classes, and the task asks for 10")
    refused(distill(), Toy(), "nothing is transferred")


class Telling(Toy):
    """A task that asks for no classes."""

    ANSWERS: ClassVar[type[Answers]] = Vectors


Telling.name = "telling"


def test_a_task_without_classes_is_refused() -> None:
    refused(distill().taught(network()), Telling(), "asks for none")


def test_a_part_of_a_mixture_is_taught_too() -> None:
    mixed = Objective.parse({"name": "mixture", "parts": {"noise": 1, "distill": 2}})
    plain = mixed.untaught()
    assert plain == Objective.parse({"name": "mixture", "parts": {"noise": 1, "natural": 2}})
    assert mixed.taught(network()).untaught() is None
    running = mixed.taught(network(1)).begin(network(), Toy(), seed=0)
    shown = Batch(torch.rand(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
    loss, _ = running.loss(network(), shown, Toy().losses, at=START, generator=torch.Generator().manual_seed(0))
    assert bool(torch.isfinite(loss))


def test_a_network_is_no_teacher_twice() -> None:
    first: Network = network(1)
    ours = distill().taught(first)
    assert ours.taught(network(2)).identity() == ours.identity()
