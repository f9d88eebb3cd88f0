"""Segmentation: how it is written, losses and scores by hand, its head, and augmentation that keeps masks in place."""

import math

import pytest
import torch

from tombola.batch import Batch
from tombola.data._scenes import VOID
from tombola.data.shapes import Shapes
from tombola.errors import DataError, RequestError
from tombola.fitting.fit import Fit
from tombola.models.network import num_outputs
from tombola.models.segmenting import SegmentingBody
from tombola.models.source import Source
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.tasks.segmentation import Segmentation, balanced_weights

SMALL = {"name": "segmentation:shapes", "size": 16, "num_train": 12, "num_val": 4, "num_test": 4}


def task(**options: object) -> Segmentation:
    found = Task.parse({**SMALL, **options})
    assert isinstance(found, Segmentation)
    return found


def test_every_spelling_is_the_same_task() -> None:
    written: list[object] = ["segmentation:shapes", {"name": "segmentation", "data": "shapes"}]
    assert {Task.parse(value).digest() for value in written} == {Segmentation(data=Shapes()).digest()}
    assert task().data == Shapes(size=16, num_train=12, num_val=4, num_test=4)


def test_the_wrong_kind_of_data_says_what_to_write() -> None:
    with pytest.raises(RequestError, match=r"digits has no label a pixel.*write one of scene_pack, shapes, voc"):
        Task.parse("segmentation:digits")
    with pytest.raises(RequestError, match="write segmentation:shapes"):
        Task.parse("shapes")
    with pytest.raises(RequestError, match="smallest scale and then the largest"):
        task(scale=[2, 0.5])


def test_losses_and_scores_are_means_over_pixels_that_have_a_class() -> None:
    outputs = torch.zeros(3, 2, 1, 2)
    outputs[0, 1, 0, 0] = 2.0  # told to be class 1 at the first pixel of the first image
    targets = torch.tensor([[[1, VOID]], [[0, 1]], [[VOID, VOID]]], dtype=torch.uint8)
    losses, scores = task().losses(outputs, targets), task().scores(outputs, targets)
    assert losses.tolist() == pytest.approx([0.126928, 0.693147, 0.0], abs=1e-5)
    assert scores.tolist() == [1.0, 0.5, 0.0]


def test_a_pixel_of_a_class_counts_as_much_as_its_weight() -> None:
    outputs = torch.zeros(2, 4, 1, 3)
    outputs[0, 1, 0, 0] = 2.0
    targets = torch.tensor([[[1, 0, VOID]], [[3, 3, VOID]]], dtype=torch.uint8)
    found = task(class_weights=[1, 3, 1, 0]).losses(outputs, targets)
    right, other = -outputs[0, :, 0, 0].log_softmax(0)[1].item(), math.log(4)
    assert found.tolist() == pytest.approx([(3 * right + other) / 4, 0.0], abs=1e-5)
    alike = task(class_weights=[2, 2, 2, 2]).losses(outputs, targets)
    assert torch.allclose(alike, task().losses(outputs, targets))
    assert task(class_weights="equal").digest() == task().digest() != task(class_weights=[2, 2, 2, 2]).digest()


def test_balanced_weights_are_of_the_images_that_have_a_class() -> None:
    masks = torch.full((2, 4, 4), VOID, dtype=torch.uint8)
    masks[0, :2], masks[0, 2, 0], masks[1, 0] = 0, 1, 2  # shares 8/9, 1/9 and 4/4; class 3 is nowhere
    assert balanced_weights(masks, 4).tolist() == pytest.approx([1.0, 8.0, 8 / 9, 0.0])
    found = task(class_weights="balanced")
    train = found.splits().train.labels
    shares = torch.bincount(train.flatten().long(), minlength=4)
    weights = balanced_weights(train, 4)
    assert weights.argmin() == shares.argmax() == 0, "the background counts least"
    outputs = torch.randn((2, 4, 16, 16), generator=torch.Generator().manual_seed(0))
    told = torch.nn.functional.cross_entropy(outputs[:1], train[:1].long(), weight=weights, ignore_index=VOID)
    assert float(found.losses(outputs, train[:2])[0]) == pytest.approx(float(told), abs=1e-5)


def test_wrong_weights_say_what_to_write() -> None:
    with pytest.raises(DataError, match="has 2 numbers for 4 classes; write one for each of"):
        task(class_weights=[1, 2]).check()
    with pytest.raises(RequestError, match="no class counts; write balanced"):
        task(class_weights=[0, 0, 0, 0])


def test_best_val_goes_by_mean_iou_where_it_is_the_headline() -> None:
    outputs = torch.zeros(2, 3, 1, 4)
    outputs[:, 0] = 1.0  # all told to be class 0
    outputs[1, 1, 0, 0] = 5.0
    targets = torch.tensor([[[0, 0, 0, VOID]], [[1, 0, 2, 0]]], dtype=torch.uint8)
    whole, one, other = (task(headline="mean_iou").metric() for _ in range(3))
    whole.update(outputs, targets)
    one.update(outputs[:1], targets[:1])
    other.update(outputs[1:], targets[1:])
    assert math.isnan(task(headline="mean_iou").metric().compute())
    one.merge(other)
    assert one.compute() == whole.compute() == pytest.approx((5 / 6 + 1 + 0) / 3)
    pixels = task().metric()
    pixels.update(outputs, targets)
    assert pixels.compute() == pytest.approx((1 + 3 / 4) / 2)
    whole.update(outputs * torch.nan, targets)
    assert math.isnan(whole.compute())


def test_a_network_without_the_head_is_told_so() -> None:
    with pytest.raises(DataError, match="no segmentation head; transfer a ticket"):
        task().losses(torch.zeros(2, 4), torch.zeros(2, 16, 16, dtype=torch.uint8))


def test_the_head_has_one_output_a_class_and_comes_from_the_generator() -> None:
    model = Source(name="resnet8").load()
    one, two = (task(output_stride=2).head(model, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert isinstance(one.body, SegmentingBody)
    assert num_outputs(one.head) == 4
    assert all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())
    assert task(output_stride=2).fits(one)
    assert not task(output_stride=4).fits(one)
    assert not task().fits(model.with_head(4, generator=torch.Generator()))


def test_masks_move_with_their_images() -> None:
    images = task().splits().train
    x, masks = images.pixels_at(torch.arange(12)).float() / 255, images.labels
    shown = task().views(Batch(x, masks), generator=torch.Generator().manual_seed(0))
    moved, same = shown.x, shown.targets
    for before, after, image, mask in zip(x, moved, masks, same, strict=True):
        stays = torch.equal(before, after)
        assert torch.equal(mask, image if stays else image.flip(1))
    assert not torch.equal(same, masks)


def test_a_fraction_of_the_images_is_seeded_and_leaves_the_test_split() -> None:
    part, whole = task(fraction=0.5).splits(), task().splits()
    assert len(part.train) == 6
    assert torch.equal(part.test.labels, whole.test.labels)
    assert not torch.equal(part.train.labels, task(fraction=0.5, subset_seed=1).splits().train.labels)


def test_the_papers_recipe_lowers_its_rate_at_18_and_22_of_30_thousand() -> None:
    recipe = build(Fit, {"preset": "dac-segmentation"})
    rates = [recipe.learning_rate(step, 30_000, 92) for step in (0, 17_999, 18_000, 21_999, 22_000, 29_999)]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001, 0.0001, 0.0001])
    assert (str(recipe.epochs), recipe.batch) == ("30000it", 4)
