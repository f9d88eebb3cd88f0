"""Learning from two views: the loss by hand, the views, and that a prior without labels is drawn on and adapted."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import tombola
from tombola.batch import Batch
from tombola.data._unlabelled import Unlabelled
from tombola.errors import DataError, OptionError, RequestError
from tombola.fitting.validate import headline
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.properties.alignment import Alignment, alignment
from tombola.properties.uniformity import uniformity
from tombola.tasks._base import Task
from tombola.tasks._pairs import nt_xent, told
from tombola.tasks.contrastive import Contrastive
from tombola.tasks.metrics.contrastive_top1 import ContrastiveTop1
from tombola.verbs import as_network

GLYPHS = {"name": "glyphs", "num_train": 512, "num_val": 32, "num_test": 64, "noise": 0.0}
NET = {"name": "resnet8", "width": 0.5}
SHORT = {"batch": 64, "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0}, "schedule": "constant"}
PGD = {"name": "adversarial", "attack": {"name": "pgd", "eps": "4/255", "steps": 2}}
GENTLE = {"smallest": 0.5, "mirror": 0.0, "strength": 0.5}


def letters(**more: Any) -> Task:
    return Task.parse({"name": "contrastive", "data": GLYPHS, "outputs": 16, **GENTLE, **more})


def pretrained(steps: int, task: Task | None = None, **more: Any) -> Network:
    return tombola.pretrain(NET, task or letters(), {**SHORT, "epochs": f"{steps}it", **more})


@pytest.fixture(scope="module")
def simclr() -> Network:
    """Trained for a little while."""
    return pretrained(60)


def known(network: Network) -> float:
    """Contrastive top-1 on the test images; by chance one in 127."""
    task = letters()
    return headline(network, task.splits().test, task, device=torch.device("cpu"), bfloat16=False)


# The loss ---------------------------------------------------------------------------------------------------------


def angles(*degrees: float) -> Tensor:
    turned = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([turned.cos(), turned.sin()], 1)


def test_the_loss_of_four_views_is_the_one_by_hand() -> None:
    """Cosines of views at 0, 60, 90 and 180 degrees; the first two are of one image, and the last two."""
    vectors, targets = angles(0, 60, 90, 180) * torch.tensor([[1.0], [2.0], [0.5], [3.0]]), torch.tensor([4, 4, 9, 9])
    half, wide = math.sqrt(3) / 2, -0.5  # of 30 and of 120 degrees
    others = [[0.5, 0.0, -1.0], [0.5, half, wide], [0.0, half, 0.0], [-1.0, wide, 0.0]]
    right = [0.5, 0.5, 0.0, 0.0]
    by_hand = [
        math.log(sum(math.exp(one / 0.5) for one in row)) - own / 0.5 for row, own in zip(others, right, strict=True)
    ]
    found = nt_xent(vectors, targets, 0.5)
    assert found.tolist() == pytest.approx(by_hand, abs=1e-5)
    log_of_mean = -math.log(sum(math.exp(-one) for one in by_hand) / 4)
    assert float(found.mean()) == pytest.approx(sum(by_hand) / 4, abs=1e-5)
    assert abs(float(found.mean()) - log_of_mean) > 0.01


def test_a_positive_is_no_negative_of_itself_and_nobody_is_compared_with_itself() -> None:
    vectors, targets = angles(0, 0, 180, 180), torch.tensor([0, 1, 1, 0]).sort().values
    assert torch.allclose(nt_xent(vectors, targets, 0.01), torch.zeros(4), atol=1e-5)
    two = nt_xent(angles(0, 77), torch.tensor([3, 3]), 0.2)
    assert two.tolist() == pytest.approx([0.0, 0.0], abs=1e-6)


def test_order_does_not_matter_and_a_view_alone_is_nothing() -> None:
    vectors, targets = torch.randn((6, 4), generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2] * 2)
    order = torch.tensor([3, 5, 0, 2, 1, 4])
    shuffled = nt_xent(vectors[order], targets[order], 0.2)
    assert torch.allclose(shuffled, nt_xent(vectors, targets, 0.2)[order], atol=1e-5)
    alone = torch.tensor([0, 1, 2, 0, 1, 7])
    assert nt_xent(vectors, alone, 0.2).isnan().tolist() == [False, False, True, False, False, True]
    assert told(vectors, alone)[[2, 5]].tolist() == [0.0, 0.0]


def test_scores_are_top_1_and_nan_is_no_answer() -> None:
    vectors, targets = angles(0, 10, 15, 90), torch.tensor([0, 0, 1, 1])
    assert told(vectors, targets).tolist() == [1.0, 0.0, 0.0, 1.0]
    vectors[3] = torch.nan
    assert bool(told(vectors, targets)[3].isnan())


def test_the_metric_is_of_all_views_whatever_the_batches_were() -> None:
    vectors, targets = torch.randn((40, 3), generator=torch.Generator().manual_seed(1)), torch.arange(40) // 2
    whole, parts = ContrastiveTop1(), ContrastiveTop1()
    whole.update(vectors, targets)
    for first in range(0, 40, 7):
        parts.update(vectors[first : first + 7], targets[first : first + 7])
    assert parts.compute() == whole.compute() == float(told(vectors, targets).mean())


def test_alignment_and_uniformity_are_the_papers() -> None:
    first, second = angles(0, 90, 180), angles(60, 90, 90)
    assert alignment(first, second) == pytest.approx((1 + 0 + 2) / 3)
    pairs = [2.0, 2.0, 4.0]
    assert uniformity(first) == pytest.approx(math.log(sum(math.exp(-2 * one) for one in pairs) / 3))


# Views --------------------------------------------------------------------------------------------------------------


def test_a_step_has_two_views_of_each_and_its_seed_decides_them() -> None:
    task = letters()
    train = task.splits().train
    assert isinstance(train, Unlabelled)
    batch = train.take(torch.tensor([5, 3, 8])).to_float()
    one, again, other = (task.views(batch, generator=torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert one.targets.tolist() == [5, 3, 8, 5, 3, 8]
    assert torch.equal(one.x, again.x)
    assert not torch.equal(one.x, other.x)
    assert float((one.x[:3] - one.x[3:]).abs().mean()) > 0.01
    with pytest.raises(DataError, match="one image alone"):
        task.views(batch.part(slice(1)), generator=torch.Generator())


def test_images_come_in_another_order_every_epoch() -> None:
    train, drawn = letters().splits().train, torch.Generator().manual_seed(0)
    orders = [train.order(drawn, 64).tolist() for _ in range(2)]
    assert orders[0] != orders[1] != sorted(orders[1])


# From one end to the other ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_learns_to_know_an_image_again(simclr: Network) -> None:
    assert known(simclr) > known(pretrained(1)) + 0.05


@pytest.mark.slow
def test_a_ticket_of_it_tells_digits_apart(simclr: Network) -> None:
    ticket = tombola.draw(simclr, {"name": "omp", "sparsity": 0.5})
    assert all("conv" in name for name in ticket.masks), "the projection is no part of a ticket"
    digits = tombola.transfer(simclr, ticket, {"name": "digits", "num_train": 200}, "linear")
    (row,) = tombola.measure(digits, "digits", "accuracy")
    assert isinstance(row.value, float)
    assert row.value > 60
    weights = dict(digits.body.named_parameters())
    assert not any(bool(weights[name][~mask].any()) for name, mask in ticket.masks.items())


@pytest.mark.parametrize("objective", [PGD, {"name": "noise", "sigma": 0.1}])
def test_other_objectives_train_it_as_they_are(objective: dict[str, Any]) -> None:
    one, again = (pretrained(2, objective=objective) for _ in range(2))
    assert weights_digest(one) == weights_digest(again) != weights_digest(pretrained(2))


def test_in_shards_views_are_compared_within_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negatives are not gathered: with two shards a view has the 64 of its own beside it, not all 128."""
    seen: list[int] = []

    def counting(outputs: Tensor, targets: Tensor, temperature: float) -> Tensor:
        seen.append(len(outputs))
        return nt_xent(outputs, targets, temperature)

    monkeypatch.setattr("tombola.tasks.contrastive.nt_xent", counting)
    pretrained(1)
    pretrained(1, shards=2)
    assert seen == [128, 64, 64]


def test_its_properties_are_measured_and_others_are_refused(simclr: Network) -> None:
    rows = tombola.measure(simclr, letters(), ["headline", "alignment", "uniformity"])
    named = {row.metric: row.value for row in rows}
    assert named["contrastive_top1"] == pytest.approx(known(simclr))
    assert isinstance(named["alignment"], float)
    assert 0 < named["alignment"] < 2
    with pytest.raises(RequestError, match=r"pair of views; write measure: \[headline\]"):
        tombola.measure(simclr, letters(), "accuracy")
    with pytest.raises(RequestError, match="vectors of two views"):
        Alignment().check(Task.parse("digits"))


@pytest.mark.parametrize("objective", ["trades", "fast", {"name": "mixture", "parts": {"natural": 1, "trades": 1}}])
def test_objectives_of_classes_are_refused_before_anything_trains(objective: Any) -> None:
    with pytest.raises(RequestError, match="pair of views; write objective=natural"):
        pretrained(1, objective=objective)


# Bad input ----------------------------------------------------------------------------------------------------------


def test_one_image_is_refused() -> None:
    with pytest.raises(DataError, match="two images"):
        Task.parse({"name": "contrastive:glyphs", "num_train": 1}).splits()


def test_a_set_of_texts_is_refused_with_what_to_write() -> None:
    with pytest.raises((RequestError, OptionError), match="mlm:prose"):
        Task.parse("contrastive:prose")


def test_a_fresh_head_replaces_another_and_fits() -> None:
    task = Contrastive.examples(Path())[0]
    network = as_network(NET)
    assert not task.fits(network)
    headed = task.head(network, generator=torch.Generator().manual_seed(0))
    assert task.fits(headed)
    assert task.answers.outputs == 8
    assert headed(task.example().x).shape == (1, 8)
    assert not task.replace(outputs=9).fits(headed)


def test_labels_are_not_looked_at() -> None:
    images = letters().splits().train
    assert isinstance(images, Unlabelled)
    assert letters().splits().classes == ()
    assert isinstance(images.take(torch.tensor([3])), Batch)
    assert images.take(torch.tensor([3])).targets.tolist() == [3]


@pytest.mark.parametrize("data", ["boxed_shapes", "shapes"])
def test_boxes_and_scenes_are_images_too_and_what_is_marked_in_them_is_not_looked_at(data: str) -> None:
    task = Task.parse({"name": f"contrastive:{data}", "size": 16, "num_train": 6, "num_val": 2, "num_test": 2})
    batch = task.splits().train.take(torch.arange(4)).to_float()
    shown = task.views(batch, generator=torch.Generator().manual_seed(0))
    assert (shown.x.shape, shown.targets.tolist()) == ((8, 3, 16, 16), [0, 1, 2, 3] * 2)
