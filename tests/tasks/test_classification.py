"""Classification: how it is written, whose options are whose, labels, losses and scores."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

from tombola.batch import Batch
from tombola.data._base import Subset
from tombola.data.digits import Digits
from tombola.errors import DataError, OptionError, RequestError
from tombola.models.network import Network
from tombola.tasks._base import Task
from tombola.tasks.classification import Classification


def task(value: object) -> Classification:
    parsed = Task.parse(value)
    assert isinstance(parsed, Classification)
    return parsed


@pytest.mark.parametrize(
    "value",
    [
        "digits",
        "classification:digits",
        {"name": "digits"},
        {"name": "classification", "data": "digits"},
        {"name": "classification:digits"},
        {"name": "classification", "data": {"name": "digits"}},
        Classification(data=Digits()),
    ],
)
def test_every_spelling_is_the_same_task(value: object) -> None:
    assert task(value) == Classification(data=Digits())
    assert task(value).digest() == Classification(data=Digits()).digest()


def test_options_of_the_data_may_stand_beside_the_name() -> None:
    found = task({"name": "digits", "num_train": 200, "fraction": 0.5})
    assert found == Classification(data=Digits(num_train=200), fraction=0.5)
    assert task({"name": "folder:pictures", "size": 32}).data.identity is not None


@pytest.mark.parametrize(
    ("name", "unknown", "near"),
    [
        ("digitz", "digitz", "digits"),
        ("classification:digitz", "digitz", "digits"),
        ("clasification:digits", "clasification:digits", "classification"),
    ],
)
def test_an_unknown_name_says_what_is_near_and_where_all_names_stand(name: str, unknown: str, near: str) -> None:
    said = (
        rf"no task and no data set is called '{unknown}', did you mean '{near}'\?; tombola list datasets names them all"
    )
    with pytest.raises(RequestError, match=said):
        task(name)


@pytest.mark.parametrize("name", ["./photos", "my/photos", "photos/"])
def test_a_folder_that_is_not_there_is_said_to_be_missing(name: str) -> None:
    with pytest.raises(RequestError, match="there is no such folder or file; write a folder with a folder a class"):
        task(name)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(RequestError, match="did you mean 'digits'"):
        task("digitz")


def test_misspelt_options_are_explained_by_whose_they_are() -> None:
    with pytest.raises(RequestError, match="did you mean 'num_train'"):
        task({"name": "digits", "num_trian": 3})
    with pytest.raises(RequestError, match="did you mean 'fraction'"):
        task({"name": "digits", "fractoin": 0.1})


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(OptionError, match="2 problems"):
        task({"name": "digits", "fraction": 2, "label_smoothing": -1})
    with pytest.raises(RequestError, match="data"):
        task("classification")


def test_splits_are_kept_in_memory() -> None:
    assert task("digits").splits() is task({"name": "digits"}).splits()
    assert task("digits").splits() is not task({"name": "digits", "seed": 1}).splits()


def test_a_fraction_of_the_labels_is_fair_and_leaves_the_rest_alone() -> None:
    whole, part = task("digits").splits(), task({"name": "digits", "fraction": 0.1}).splits()
    assert len(part.train) == 100
    assert all(9 <= count <= 11 for count in torch.bincount(part.train.labels).tolist())
    for some, same in ((part.val, whole.val), (part.test, whole.test)):
        assert torch.equal(some.labels, same.labels)
        assert torch.equal(some.take(torch.arange(len(some))).x, same.take(torch.arange(len(same))).x)


def test_a_fraction_is_nested_seeded_or_simply_the_first() -> None:
    def chosen(**options: Any) -> list[int]:
        train = task({"name": "digits", **options}).splits().train
        assert isinstance(train, Subset)
        return train.indices.tolist()

    assert set(chosen(fraction=0.1)) < set(chosen(fraction=0.2))
    assert chosen(fraction=0.1) != chosen(fraction=0.1, subset_seed=1)
    assert chosen(fraction=0.1, subset="first") == list(range(100))


def test_augmentation_suits_the_data_unless_told() -> None:
    x = torch.rand((8, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    given = Batch(x, torch.zeros(8, dtype=torch.int64))
    assert (task("digits").policy, task("cifar10").policy) == ("shift", "flip_shift")
    plain = task({"name": "digits", "augment_with": "none"})
    generator = torch.Generator().manual_seed(1)
    assert torch.equal(plain.views(given, generator=generator).x, x)
    assert not torch.equal(task("digits").views(given, generator=generator).x, x)
    assert task({"name": "digits", "augment_with": "shift"}).digest() == task("digits").digest() != plain.digest()


def test_losses_and_scores_of_numbers_checked_by_hand() -> None:
    outputs = torch.tensor([[2.0, 0.0], [0.0, 0.0], [0.0, 3.0]])
    targets = torch.tensor([0, 0, 0])
    losses = task("digits").losses(outputs, targets)
    assert losses.tolist() == pytest.approx([0.126928, 0.693147, 3.048587], abs=1e-5)
    assert task("digits").scores(outputs, targets).tolist() == [1.0, 1.0, 0.0]
    smoothed = task({"name": "digits", "label_smoothing": 0.1}).losses(outputs, targets)
    assert smoothed[0].item() == pytest.approx(0.95 * 0.126928 + 0.05 * 2.126928, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_smoothing_over_the_others_takes_nothing_back(classes: int) -> None:
    outputs = torch.randn((4, classes), generator=torch.Generator().manual_seed(0))
    targets = torch.arange(4) % classes
    options = {"name": "digits", "label_smoothing": 0.2, "smoothing_over": "others"}
    found = task(options).losses(outputs, targets)
    wanted = torch.full((4, classes), 0.2 / (classes - 1)).scatter_(1, targets[:, None], 0.8)
    assert torch.allclose(found, -(wanted * outputs.log_softmax(1)).sum(1), atol=1e-6)
    assert "smoothing_over" not in task("digits").identity()
    with pytest.raises(RequestError, match="leaves the target less than half"):
        task({**options, "label_smoothing": 0.6})


def test_the_head_has_one_output_a_class_and_the_model_is_not_changed() -> None:
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 4))
    model = Network(body, source="toy")
    made = task("digits").head(model, generator=torch.Generator().manual_seed(0))
    assert made(torch.zeros(2, 3, 16, 16)).shape == (2, 10)
    assert model(torch.zeros(2, 3, 16, 16)).shape == (2, 4)


def test_one_class_is_no_task(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "only" / f"{number}.png")
    with pytest.raises(DataError, match=r"one class \(only\)"):
        task({"name": f"folder:{tmp_path}", "size": 8}).splits()
