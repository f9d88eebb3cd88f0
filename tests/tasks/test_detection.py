"""Detection: how it is written, its losses and scores by hand, its head, and what does not go with it."""

import math

import pytest
import torch
from torch import Tensor

from tombola import verbs
from tombola.batch import Batch
from tombola.data._base import Splits
from tombola.data._boxes import with_boxes
from tombola.data.boxed_shapes import BoxedShapes
from tombola.errors import DataError, OptionError, RequestError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.models.heads._centres import centre_losses, edge_losses, wanted
from tombola.models.heads.boxes import Boxes
from tombola.models.source import Source
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks.detection import Detection
from tombola.tasks.metrics.average_precision import AveragePrecision

SMALL = {"name": "detection:boxed_shapes", "size": 16, "num_train": 12, "num_val": 4, "num_test": 4}
NONE = [-1.0, 0, 0, 0, 0]


def task(**options: object) -> Detection:
    found = Task.parse({**SMALL, **options})
    assert isinstance(found, Detection)
    return found


def places(rows: int = 4, columns: int = 6, spacing: float = 4.0, classes: int = 2) -> Tensor:
    """Outputs for one image that tell nothing: every box is its place, every logit is low."""
    found = torch.full((1, 6 + classes, rows, columns), -6.0)
    found[:, 4] = (torch.arange(columns) + 0.5) * spacing
    found[:, 5] = ((torch.arange(rows) + 0.5) * spacing)[:, None]
    found[:, :4] = found[:, [4, 5, 4, 5]]
    return found


def telling(*boxes: tuple[float, int, tuple[float, float, float, float]]) -> Tensor:
    """Outputs of 4 x 6 places that tell these boxes, each with its logit and class, where its middle is."""
    found = places()
    for logit, label, corners in boxes:
        row, column = (int((corners[side] + corners[side + 2]) / 8) for side in (1, 0))
        found[0, :4, row, column] = torch.tensor(corners)
        found[0, 6 + label, row, column] = logit
    return found


def test_as_classification_it_is_refused_and_told_what_to_write() -> None:
    for asked in ("boxed_shapes", "classification:boxed_shapes"):
        with pytest.raises(RequestError, match=r"boxed_shapes has boxes.*write detection:boxed_shapes"):
            Task.parse(asked)


def test_every_spelling_is_the_same_task() -> None:
    written: list[object] = ["detection:boxed_shapes", {"name": "detection", "data": "boxed_shapes"}]
    assert {Task.parse(value).digest() for value in written} == {Detection(data=BoxedShapes()).digest()}
    assert task().data == BoxedShapes(size=16, num_train=12, num_val=4, num_test=4)


def test_the_wrong_kind_of_data_says_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"digits has no boxes.*write one of box_folder, box_pack, boxed_shapes"):
        Task.parse("detection:digits")
    with pytest.raises(RequestError, match="smallest scale and then the largest"):
        task(scale=[2, 0.5])


def test_a_middle_told_costs_little_a_missed_one_and_a_wrong_one_much() -> None:
    target = torch.tensor([[[1.0, 8, 4, 12, 8], NONE]])
    right, missed, other = telling((6, 1, (8, 4, 12, 8))), places(), telling((6, 0, (8, 4, 12, 8)))
    cost = [float(centre_losses(found[:, 6:], wanted(found[:, 4:6], target))) for found in (right, missed, other)]
    assert cost[0] < 0.01
    assert cost[1] == pytest.approx(-torch.tensor(-6.0).sigmoid().log().item(), abs=0.05)
    assert cost[2] > cost[1] + 5


def test_focal_loss_of_one_place_by_hand() -> None:
    """One place, whose logit is 0: (1/2)² log 2 where a middle is there; the same where there is none."""
    found = places(1, 1, classes=1)
    found[:, 6] = 0
    want = wanted(found[:, 4:6], torch.tensor([[[0.0, 0, 0, 4, 4]]]))
    assert float(centre_losses(found[:, 6:], want)) == pytest.approx(0.25 * 0.693147, abs=1e-5)
    empty = wanted(found[:, 4:6], torch.tensor([[NONE]]))
    assert float(centre_losses(found[:, 6:], empty)) == pytest.approx(0.25 * 0.693147, abs=1e-5)


def test_edges_are_told_in_the_central_region_and_the_smaller_box_is_asked_first() -> None:
    large, small = [0.0, 0, 0, 16, 16], [1.0, 4, 4, 8, 8]
    want = wanted(places()[:, 4:6], torch.tensor([[large, small]]))
    found = torch.tensor(large[1:]).view(1, 4, 1, 1).expand(1, 4, 4, 6).clone()
    assert float(edge_losses(found, want)) == pytest.approx(
        (0 + math.log(16)) / 2
    )  # 4 x 4 of 16 x 16 for the small one
    found[0, :, 1, 1] = torch.tensor(small[1:])
    assert float(edge_losses(found, want)) == pytest.approx(0, abs=1e-6)
    found[0, :, 3, 5] = 0  # outside of every region
    assert float(edge_losses(found, want)) == pytest.approx(0, abs=1e-6)


def test_an_image_without_boxes_has_no_edges_and_finite_gradients() -> None:
    found = places().requires_grad_()
    losses = task().losses(torch.cat([found, found]), torch.tensor([[NONE], [[0.0, 1, 1, 9, 9]]]))
    losses.sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert losses.shape == (2,)
    assert float(losses[0].detach()) < 0.01
    assert found.grad is not None
    assert bool(found.grad.isfinite().all())


def test_one_class_and_images_without_boxes_are_trained_on_and_judged() -> None:
    boxes = [torch.tensor([[0.0, 2, 2, 10, 12]]), torch.empty(0, 5)]
    target = with_boxes(torch.zeros(2, 3, 16, 24).byte(), boxes, ("cell",)).labels
    found = telling((6, 0, (2, 2, 10, 12)))[:, :7].repeat(2, 1, 1, 1)
    metric = AveragePrecision()
    metric.update(found[:1], target[:1])
    assert metric.compute() == pytest.approx(1)
    metric.update(places(classes=1), target[1:])
    assert metric.compute() == pytest.approx(1), "nothing was told where nothing is"
    assert bool(task().losses(found, target).isfinite().all())
    alone = AveragePrecision()
    alone.update(places(classes=1), target[1:])
    assert math.isnan(alone.compute()), "no box anywhere: nothing is judged"


def test_validation_images_without_boxes_judge_nothing_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    bare, found = task(), task().splits()
    val = with_boxes(torch.zeros(3, 3, 16, 16).byte(), [torch.empty(0, 5)] * 3, found.classes)
    monkeypatch.setattr(Detection, "splits", lambda _: Splits(found.train, val, found.test))
    net = bare.head(Source.parse({"name": "resnet8", "width": 0.25}).load(), generator=torch.Generator().manual_seed(0))
    fit = build(Fit, {"epochs": "1it", "batch": 4, "select": "best_val"})
    with pytest.raises(OptionError, match="and none of them has a box; write select=last"):
        fit.run(net, bare, seed=0, session=Session())
    told = verbs.validated(net, bare)
    assert str(told) == "not judged on validation samples: none of them has a box"
    assert told.plain() == {"score": None, "images": 3}


def test_scores_are_f1_of_boxes_that_are_sure() -> None:
    box, other = (8.0, 4.0, 16.0, 12.0), (0.0, 0.0, 7.0, 7.0)
    target = torch.tensor([[[1.0, *box], [0.0, *other]]])
    found = [telling((6, 1, box), (6, 0, other)), telling((6, 1, box)), telling((6, 0, box)), telling((-2, 1, box))]
    assert [float(task().scores(one, target)) for one in found] == pytest.approx([1, 2 / 3, 0, 0])
    nothing = torch.tensor([[NONE]])
    assert [float(task().scores(one, nothing)) for one in (places(), found[0])] == [1, 0]
    assert bool(task().scores(found[0] * torch.nan, target).isnan().all())


def test_a_box_is_told_once_and_ends_where_the_image_does() -> None:
    found = telling((6, 1, (-3, 4, 9, 12)))
    found[0, 6 + 1, 1, 0] = 5.0  # beside the peak, which is at column 1 or 0
    found[0, :4, 3, 0] = torch.tensor([0.0, 4, 9, 13])
    found[0, 6 + 1, 3, 0] = 3.0  # a peak of its own, whose box is much the same
    (boxes,) = Boxes().told(found, least=0.3)
    assert boxes.boxes.tolist() == [[0, 4, 9, 12]]
    assert (boxes.classes.tolist(), len(Boxes().told(places(), least=0.3)[0].sure)) == ([1], 0)


def test_the_head_comes_from_the_generator_and_other_heads_do_not_fit() -> None:
    model = Source(name="resnet8", width=0.25).load()
    one, two = (task().head(model, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())
    assert task().fits(one)
    assert not task().fits(model.with_head(7, generator=torch.Generator()))
    with pytest.raises(DataError, match="no detection head; transfer a ticket"):
        task().losses(torch.zeros(2, 7), torch.zeros(2, 1, 5))


def test_torchvisions_heads_are_chosen_by_name_and_weigh_edges_as_there() -> None:
    assert (task(decoder="fcos:64").edges, task(decoder="boxes").edges, task(decoder="retinanet", edges=2).edges) == (
        1,
        5,
        2,
    )
    assert task(decoder="boxes").digest() == task().digest() != task(decoder="fcos", edges=5.0).digest()
    model = Source(name="resnet8", width=0.25).load()
    centres, fcos = (
        task(decoder=decoder).head(model, generator=torch.Generator().manual_seed(3))
        for decoder in ("boxes", "fcos:64")
    )
    assert task(decoder="fcos").fits(fcos)
    assert not task(decoder="fcos").fits(centres)
    with pytest.raises(
        RequestError, match=r"head fcn tells no boxes; write one of boxes, faster_rcnn, fcos, retinanet"
    ):
        task(decoder="fcn")


def test_views_move_boxes_with_their_images() -> None:
    images = task().splits().train
    shown = images.take(torch.arange(12)).to_float()
    moved = task().views(shown, generator=torch.Generator().manual_seed(0))
    stays = [torch.equal(before, after) for before, after in zip(shown.x, moved.x, strict=True)]
    assert 0 < sum(stays) < 12
    for place, same in enumerate(stays):
        assert torch.equal(shown.targets[place], moved.targets[place]) == same
    none = task(augment_with="none").views(shown, generator=torch.Generator())
    assert isinstance(none, Batch)
    assert torch.equal(none.targets, shown.targets)


def test_a_fraction_of_the_images_is_seeded_and_leaves_the_test_split() -> None:
    part, whole = task(fraction=0.5).splits(), task().splits()
    assert len(part.train) == 6
    assert torch.equal(part.test.labels, whole.test.labels)


@pytest.mark.parametrize("name", ["accuracy", "mean_iou"])
def test_what_judges_other_answers_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="detection has a target a box"):
        verbs.measure(Source(name="resnet8").load(), task(), name)


def test_adversarial_accuracy_is_not_claimed_and_says_so() -> None:
    with pytest.raises(RequestError, match=r"is not claimed here; write average_precision.*fit\.objective=adversarial"):
        verbs.measure(Source(name="resnet8").load(), task(), "adversarial_accuracy")
