"""What reading the originals' code found wrong, each as a test of ours; the numbers are those of methods.md, 8.2.

The defects stand in the public code of CV_LTH_Pre-training, Double-Win-LTH, BERT-Tickets and robust-models-transfer.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from tests.schemes.toys import FIT, climb, imp, last

from tombola import verbs
from tombola.batch import Batch
from tombola.data._base import InMemory, Splits
from tombola.errors import OptionError, RequestError
from tombola.fitting.feed import Feed
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session
from tombola.fitting.stepping import Stepping
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.source import Source
from tombola.schemes._base import Scheme
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.transfers._base import Transfer


def fit(**options: Any) -> Fit:
    return build(Fit, {**FIT, **options})


def test_1_a_downstream_training_saves_checkpoints_to_its_end(tmp_path: Path) -> None:
    """CV_LTH's downstream script calls save_checkpoint without an argument and dies after the first epoch."""
    how = Transfer.parse({"name": "finetune", "fit": {**FIT, "checkpoint_every": "1ep"}})
    model = network()
    how.adapt(model, masks(model), Toy(), seed=0, session=Session(tmp_path))
    assert list(tmp_path.rglob("step-*.safetensors"))


def test_2_after_a_resume_every_later_level_trains_from_its_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CV_LTH's VisDA script keeps the resumed start_epoch for all later levels, which then train less."""
    seen = _watched(monkeypatch)
    scheme = imp(level=3, fit={**FIT, "checkpoint_every": "1it"})
    with pytest.raises(Interrupted):
        climb(scheme, task=Failing(good=3), folder=tmp_path)
    seen.clear()
    climb(scheme, folder=tmp_path)
    assert seen == [3, 4, 5, *range(6)]


def test_3_a_resume_is_not_undone_by_loading_and_pruning_the_pretrained_weights_again(tmp_path: Path) -> None:
    """CV_LTH's MoCo script reloads the pretrained weights and prunes 20 % again after it loaded the checkpoint."""
    scheme = imp(level=2, fit={**FIT, "checkpoint_every": "1it"})
    with pytest.raises(Interrupted):
        climb(scheme, task=Failing(good=4), folder=tmp_path)
    resumed = climb(scheme, folder=tmp_path)[-1].ticket
    assert resumed.masks == last(scheme).masks
    assert resumed.masks.kept == 149


def test_4_training_batches_are_shuffled_anew_each_epoch() -> None:
    """CV_LTH's SimCLR loader goes through the folders in order, so a batch is nearly of one class."""
    labels = torch.arange(4).repeat_interleave(16)
    images = InMemory(torch.zeros(64, 3, 8, 8, dtype=torch.uint8), labels, ("a", "b", "c", "d"))
    feed = Feed(images, 16, seed=0, device=torch.device("cpu"), drop_last=False)
    epochs = [torch.cat([feed.batch_at(step).targets for step in range(first, first + 4)]) for first in (0, 4)]
    assert all(len(set(epoch.view(4, 16)[batch].tolist())) > 2 for epoch in epochs for batch in range(4))
    assert not torch.equal(*epochs)
    assert all(torch.equal(epoch.sort().values, labels) for epoch in epochs)


@pytest.mark.parametrize("good", [5, 6])
def test_5_resuming_at_a_level_boundary_does_not_train_the_level_again(
    good: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Double-Win saves before it prunes: resumed at the boundary it trains the level again at the old mask."""
    scheme = imp(level=3, fit={**FIT, "checkpoint_every": "1it"})
    straight = [rung.ticket.masks for rung in climb(scheme)]
    with pytest.raises(Interrupted):  # in the last step of level 2, or in the first one of level 3
        climb(scheme, task=Failing(good=good), folder=tmp_path)
    seen = _watched(monkeypatch)
    assert [rung.ticket.masks for rung in climb(scheme, folder=tmp_path)] == straight
    assert len(seen) == 12 - good


def test_6_the_net_asked_for_is_the_net_drawn_from_and_a_wrong_option_is_an_error() -> None:
    """Double-Win's adversarial script ignores -a and always takes a ResNet-50."""
    small, large = (verbs.draw(Source.parse(name), "omp") for name in ("resnet8", "resnet20"))
    assert small.masks.total < large.masks.total
    assert "resnet20" in large.lineage.model_text
    with pytest.raises((OptionError, RequestError), match="no such option"):
        Scheme.parse({"name": "imp", "arch": "resnet18"})


@pytest.mark.parametrize("batch", [4, 20, 40])
def test_7_a_cosine_reaches_its_end_whatever_the_batch(batch: int) -> None:
    """CV_LTH's detection script divides by the batch once more: its rate falls eight times too slowly."""
    recipe = fit(batch=batch, schedule="cosine", epochs="5ep")
    per_epoch = -(-40 // batch)
    total = recipe.epochs.iterations(per_epoch)
    rates = [recipe.learning_rate(step, total, per_epoch) for step in range(total)]
    assert rates[0] == pytest.approx(recipe.optimizer.lr)
    assert rates[-1] < recipe.optimizer.lr * 0.1 + recipe.optimizer.lr / total


def test_7_batch_norm_rewinds_with_the_weights() -> None:
    """CV_LTH's detection script "rewinds" the backbone's convolutions only; batch norm and the stem train on."""
    model = network()
    before = {name: value.clone() for name, value in model.body.state_dict().items()}
    ticket = last(imp(level=3), model)
    applied = model.copy()
    ticket.apply(applied.body)
    for name, value in applied.body.state_dict().items():
        assert torch.equal(value, before[name] * ticket.masks[name] if name in ticket.masks else before[name])


def test_8_the_rewind_state_is_no_alias_of_what_is_trained() -> None:
    """BERT-Tickets' MLM script keeps the live tensors as its rewind state: it copies each onto itself."""
    model = network()
    scheme = imp(level=2, rewind="early:1it")
    ground, *levels = climb(scheme, model)
    kept = {name: tensor.clone() for name, tensor in ground.carried.items()}
    addresses = {tensor.data_ptr() for tensor in model.state_dict().values()}
    for rung in levels:
        assert all(torch.equal(rung.carried[name], tensor) for name, tensor in kept.items())
        assert not addresses & {tensor.data_ptr() for tensor in rung.carried.values()}
    trained = scheme.fit.run(model, Toy(), seed=0, session=Session())  # type: ignore[attr-defined]  # IMP's
    assert all(torch.equal(ground.carried[name], tensor) for name, tensor in kept.items())
    assert weights_digest(trained) != weights_digest(model)


def test_9_the_head_has_as_many_outputs_as_the_task_has_classes() -> None:
    """robust-models-transfer gives DTD's 47 classes 57 outputs."""
    task = Task.parse({"name": "digits", "num_train": 30})
    adapted = verbs.transfer(
        "resnet8", verbs.draw("resnet8", "omp"), task, {"name": "finetune", "fit": {"epochs": "1it"}}
    )
    assert adapted.head.out_features == len(task.splits().classes) == 10


def test_9_frozen_batch_norm_does_not_drift() -> None:
    """robust-models-transfer trains a "frozen" body in train mode, so its statistics follow the new task."""
    model = network()
    adapted = Transfer.parse("linear").adapt(model, masks(model), _Small(), seed=0, session=Session())
    own = model.body.state_dict()
    for name, value in adapted.body.state_dict().items():
        if "running" in name or name.startswith(("1.", "4.")):
            assert torch.equal(value, own[name])


def test_9_weights_are_selected_on_the_validation_split_never_on_test() -> None:
    """robust-models-transfer and the masks' papers choose the best epoch by test accuracy."""
    asked: list[str] = []

    class Watched(Toy):
        def splits(self) -> Splits:
            found = super().splits()
            asked.append("splits")
            return Splits(
                found.train,
                found.val,
                _Untouchable(found.test.pixels_at(torch.arange(3)), found.test.labels[:3], found.classes),
            )

    Watched.name = "toy"
    fit(select="best_val", validate_every="2it").run(network(), Watched(), seed=0, session=Session())
    assert asked


def test_10_masks_are_drawn_from_the_last_weights_not_the_best_validated() -> None:
    """Double-Win selects by clean accuracy even while it trains adversarially; its masks come from the last epoch."""
    by_last = last(imp(level=2)).masks
    by_best = last(imp(level=2, fit={**FIT, "select": "best_val", "validate_every": "1it"})).masks
    assert by_best == by_last


def test_10_digits_are_not_flipped() -> None:
    """Double-Win trains SVHN with horizontal flips, which turn a 2 into something that is no digit."""
    task = Task.parse("digits")
    x = torch.zeros(64, 3, 32, 32)
    x[..., 8:24, 8:10] = 1  # a stroke on the left
    given = Batch(x, torch.zeros(64, dtype=torch.int64))
    moved = task.views(given, generator=torch.Generator().manual_seed(0)).x
    assert float(moved[..., :16].sum()) > 0.9 * float(moved.sum())


# Of the same kind, not in the list --------------------------------------------------------------------------------


def test_masks_are_copied_not_shared() -> None:
    """CV_LTH copies the query encoder's mask to the key encoder by reference: changing one changes the other."""
    ticket = last(imp(level=2))
    before = ticket.masks.digest()
    for name in ticket.masks:
        ticket.masks[name].fill_(value=True)
    assert ticket.masks.digest() == before == Masks(dict(ticket.masks)).digest()


def test_no_optimizer_state_is_carried_silently_into_the_next_level() -> None:
    """CV_LTH's MoCo and SimCLR scripts keep the optimizer: its momentum goes on into the rewound weights."""
    scheme = imp(level=3)
    first, second, third = climb(scheme)
    alone = scheme.rung(network(), Toy(), second, seed=0, session=Session())
    assert alone.ticket.masks == third.ticket.masks
    assert not first.carried


def test_momentum_and_weight_decay_do_not_revive_pruned_weights() -> None:
    """A mask multiplied into gradients alone lets momentum and decay move pruned weights."""
    model = network()
    kept = masks(model)
    for name in ("sgd", "adamw"):
        recipe = fit(optimizer={"name": name, "lr": 0.05, "weight_decay": 0.1})
        adapted = recipe.run(model, Toy(), masks=kept, seed=0, session=Session())
        for weight, mask in ((adapted.body.state_dict()[name], mask) for name, mask in kept.items()):
            assert not weight[~mask].any()
            assert not torch.signbit(weight[~mask]).any()


def _watched(patch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the optimizer steps from now on."""
    seen: list[int] = []
    step = Stepping._update

    def update(stepping: Stepping, number: int) -> None:
        seen.append(number)
        step(stepping, number)

    patch.setattr(Stepping, "_update", update)
    return seen


class _Small(Toy):
    """With a few more images, as linear evaluation wants."""

    num_train: int = 60


_Small.name = "toy"


class _Untouchable(InMemory):
    def pixels_at(self, indices: torch.Tensor) -> torch.Tensor:
        raise AssertionError("the test split was looked at while training")
