"""Mean class accuracy against counts by hand and scikit-learn's balanced accuracy."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score

from tombola.data._base import Splits
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.outcomes import Outcomes
from tombola.properties._base import Property
from tombola.properties.accuracy import Accuracy
from tombola.properties.mean_class_accuracy import MeanClassAccuracy, as_noisy, by_class, class_means
from tombola.rows import Row
from tombola.tasks._base import Task
from tombola.verdicts.runs import runs_of

from .answering import Written, logits_of, reader, written
from .toy_task import ToyTask, brightness_net


class Unbalanced(Written):
    """Class 0 has 90 images, class 1 nine and class 2 one; the net is right more often on some than on others."""

    def splits(self) -> Splits:
        generator = torch.Generator().manual_seed(3)
        labels = torch.tensor([0] * 90 + [1] * 9 + [2])[torch.randperm(100, generator=generator)]
        levels = torch.randint(0, 256, (100, 3), generator=generator)
        levels[:, 0] = levels[:, 0] // 2 + 128
        images = written(levels, labels)
        return Splits(images, images, images)


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_it_is_scikit_learns_balanced_accuracy_and_not_the_accuracy(batch: int) -> None:
    task = Unbalanced()
    (found,) = MeanClassAccuracy(batch=batch).measure(reader(), task, seed=0, session=Session())
    logits, labels = logits_of(task)
    told = logits.argmax(1)
    assert found.value == pytest.approx(100 * balanced_accuracy_score(labels.numpy(), told.numpy()))
    (plain,) = Accuracy().measure(reader(), task, seed=0, session=Session())
    assert plain.value == pytest.approx(100 * float((told == labels).double().mean()))
    assert abs(found.value - plain.value) > 5
    assert (found.metric, found.unit, found.samples) == ("mean_class_accuracy", "%", 100)
    assert found.detail == {"classes": 3, "effective_samples": 8}  # 9 / (1/90 + 1/9 + 1) is 8.02


def test_a_count_by_hand() -> None:
    """Image 0 of the toy task is wrong: one of 14 bright ones, none of the 12 dark ones."""
    (found,) = MeanClassAccuracy().measure(brightness_net(), ToyTask(), seed=0, session=Session())
    assert found.value == pytest.approx(100 * (13 / 14 + 1) / 2)


def test_classes_without_test_images_are_left_out_and_counted() -> None:
    images = written(torch.zeros(4, 3), torch.tensor([0, 0, 0, 2]), classes=5)
    found = by_class(torch.tensor([1.0, 0.0, 0.0, 1.0]), images)
    assert found.value == pytest.approx(100 * (1 / 3 + 1) / 2)
    assert found.detail == {"classes": 2, "classes_without_images": 3, "effective_samples": 3}


def test_outcomes_stand_there_only_where_every_image_weighs_alike() -> None:
    """A verdict's interval weighs images alike: where classes differ in size, that is an interval of something else."""
    right = torch.tensor([1.0, 0.0, 0.0, 1.0])
    even = by_class(right, written(torch.zeros(4, 3), torch.tensor([0, 0, 2, 2])))
    assert Outcomes.parse(even.outcomes).table().tolist() == [True, False, False, True]
    assert by_class(right, written(torch.zeros(4, 3), torch.tensor([0, 0, 0, 2]))).outcomes == ""


def test_a_verdict_reckons_with_the_noise_of_small_classes() -> None:
    """The variance of the mean over classes, drawn many times, is that of as many images as the row says."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.tensor([80, 15, 5])
    drawn = [torch.rand(20_000, int(size), generator=generator) < 0.7 for size in sizes]
    means = torch.stack([one.double().mean(1) for one in drawn]).mean(0)
    assert 0.7 * 0.3 / float(means.var()) == pytest.approx(as_noisy(sizes), rel=0.05)
    rows = [
        Row(seed=seed, property="p", metric="mean_class_accuracy", value=70.0, unit="%", samples=100, detail=detail)
        for seed, detail in enumerate([{"effective_samples": as_noisy(sizes)}, {"classes": 3}])
    ]
    assert runs_of(rows).share
    assert [runs_of(rows).samples, runs_of(rows[1:]).samples] == [32, 100]


def test_class_means_are_of_doubles_in_any_order() -> None:
    generator = np.random.default_rng(0)
    labels = torch.from_numpy(generator.integers(0, 7, 500))
    scores = torch.from_numpy(generator.integers(0, 2, 500)).float()
    means, counts = class_means(scores, labels, 7)
    assert counts.tolist() == torch.bincount(labels).tolist()
    assert means.tolist() == [float(scores[labels == label].double().mean()) for label in range(7)]


def test_the_models_mode_comes_back_and_the_batch_is_no_identity() -> None:
    net = brightness_net().train()
    MeanClassAccuracy().measure(net, ToyTask(), seed=0, session=Session())
    assert net.training
    assert MeanClassAccuracy(batch=3).identity() == Property.parse("mean_class_accuracy").identity()


def test_scenes_are_refused() -> None:
    with pytest.raises(RequestError, match=r"a target a pixel.*mean_iou"):
        MeanClassAccuracy().check(Task.parse("segmentation:shapes"))
