"""Segmentation: how it is written, losses and scores by hand, its head, and augmentation that keeps masks in place."""

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
from tombola.tasks.segmentation import Segmentation

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
    with pytest.raises(RequestError, match=r"digits has one label an image.*write one of scene_pack, shapes, voc"):
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
