"""Training: what comes out, what stays as it was, and that an interruption leaves no trace."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from tests.fitting.toys import Failing, Interrupted, Poisoned, Toy, masks, network
from torch import nn

from tombola.data._base import Splits, Subset
from tombola.errors import Diverged, ModelError, OptionError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session, Silent
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.spec import build

ADVERSARIAL = {"name": "adversarial", "attack": {"name": "pgd", "eps": 0.05, "steps": 2}}
SHORT = {"epochs": "3ep", "batch": 16, "optimizer": {"name": "sgd", "lr": 0.05}, "precision": "float32"}

KINDS: dict[str, dict[str, Any]] = {
    "momentum": {},
    "nesterov": {"optimizer": {"name": "sgd", "lr": 0.05, "nesterov": True, "spare_vectors": True}, "clip": 0.5},
    "adamw": {"optimizer": {"name": "adamw", "lr": 0.01}, "warmup": "4it"},
    "average": {"ema": 0.9, "select": "best_val", "validate_every": "2it"},
    "adversarial": {"objective": ADVERSARIAL, "schedule": "one_cycle"},
    "best": {"select": "best_val", "schedule": "milestones"},
    "frozen": {"bn": "frozen"},
}


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)


def fit(**options: Any) -> Fit:
    return build(Fit, {**SHORT, **options})


@cache
def unstopped(kind: str) -> str:
    """What a training that nobody stops ends with."""
    model = network(dropout=0.2)
    recipe = fit(**KINDS[kind], checkpoint_every="2it")
    return weights_digest(recipe.run(model, Toy(), masks=masks(model), seed=3, session=Session()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [4, 6, *(pytest.param(more, marks=pytest.mark.slow) for more in (1, 8))])
def test_a_training_stopped_anywhere_continues_bit_for_bit(kind: str, stop: int, tmp_path: Path) -> None:
    recipe = fit(**KINDS[kind], checkpoint_every="2it")
    model = network(dropout=0.2)
    kept = masks(model)
    session = Session(tmp_path)
    with pytest.raises(Interrupted):
        recipe.run(model, Failing(good=stop), masks=kept, seed=3, session=session)
    assert weights_digest(recipe.run(model, Toy(), masks=kept, seed=3, session=session)) == unstopped(kind)


@pytest.mark.parametrize("every", ["1it", "5it", "1ep"])
def test_the_cadence_of_checkpoints_changes_nothing(every: str, tmp_path: Path) -> None:
    model = network()
    free = fit(ema=0.9).run(model, Toy(), seed=0, session=Session())
    kept = fit(ema=0.9, checkpoint_every=every).run(model, Toy(), seed=0, session=Session(tmp_path))
    assert weights_digest(kept) == weights_digest(free)


def test_a_checkpoint_of_a_network_with_a_frozen_layer_is_not_taken_for_one_without(tmp_path: Path) -> None:
    still, notes = network(), Notes()
    still.body.get_parameter("3.weight").requires_grad = False
    alone = fit().run(still, Toy(), seed=0, session=Session())
    fit().run(network(), Toy(), seed=0, session=Session(tmp_path))
    beside = fit().run(still, Toy(), seed=0, session=Session(tmp_path, reporter=notes))
    assert torch.equal(beside.body.get_parameter("3.weight"), still.body.get_parameter("3.weight"))
    assert weights_digest(beside) == weights_digest(alone)
    assert any("another training" in text for text in notes.heard)


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    model = network()
    done = fit().run(model, Toy(), seed=0, session=Session(tmp_path))
    again = fit().run(model, Failing(good=0), seed=0, session=Session(tmp_path))
    assert weights_digest(again) == weights_digest(done)


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    model, notes = network(), Notes()
    done = fit(checkpoint_every="2it").run(model, Toy(), seed=0, session=Session(tmp_path))
    newest = max(tmp_path.glob("*.safetensors"))
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    again = fit(checkpoint_every="2it").run(model, Toy(), seed=0, session=Session(tmp_path, reporter=notes))
    assert weights_digest(again) == weights_digest(done)
    assert any("damaged" in text for text in notes.heard)
    assert any("continues at step 8" in text for text in notes.heard)


@pytest.mark.parametrize("length", [0, 7, 100, 2000])
def test_a_half_written_checkpoint_is_passed_over(length: int, tmp_path: Path) -> None:
    model, notes = network(), Notes()
    done = fit().run(model, Toy(), seed=0, session=Session(tmp_path))
    for file in tmp_path.glob("*.safetensors"):
        file.write_bytes(file.read_bytes()[:length])
    again = fit().run(model, Toy(), seed=0, session=Session(tmp_path, reporter=notes))
    assert weights_digest(again) == weights_digest(done)
    assert notes.heard


@pytest.mark.parametrize("other", [{"seed": 1}, {"recipe": {"clip": 0.1}}, {"task": Toy(num_train=48)}])
def test_a_checkpoint_of_another_training_is_not_taken(other: dict[str, Any], tmp_path: Path) -> None:
    model, notes = network(), Notes()
    fit().run(model, Toy(), seed=0, session=Session(tmp_path))
    changed = fit(**other.get("recipe", {}))
    task, seed = other.get("task", Toy()), other.get("seed", 0)
    fresh = changed.run(model, task, seed=seed, session=Session())
    beside = changed.run(model, task, seed=seed, session=Session(tmp_path, reporter=notes))
    assert weights_digest(beside) == weights_digest(fresh)
    assert any("another training" in text for text in notes.heard)


@pytest.mark.parametrize("kind", KINDS)
def test_pruned_weights_are_exactly_zero_and_the_given_model_is_unchanged(kind: str) -> None:
    model = network()
    before, kept = weights_digest(model), masks(model)
    trained = fit(**KINDS[kind]).run(model, Toy(), masks=kept, seed=0, session=Session())
    assert weights_digest(model) == before
    for name, mask in kept.items():
        weight = trained.body.get_parameter(name)
        assert int((weight[~mask] != 0).sum() + torch.signbit(weight[~mask]).sum()) == 0
        assert not torch.equal(weight, model.body.get_parameter(name))
    assert not trained.training


def test_it_learns() -> None:
    trained = fit(epochs="15ep").run(network(), Toy(), seed=0, session=Session())
    test = Toy().splits().test
    scores = Toy().scores(trained(test.pixels_at(torch.arange(30)).float() / 255), test.labels)
    assert scores.mean() > 0.8


def test_only_the_head_changes_when_asked() -> None:
    model = network()
    trained = fit(bn="frozen").run(model, Toy(), seed=0, session=Session(), parameters="head")
    before, after = model.state_dict(), trained.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"body.9.weight", "body.9.bias"}
    assert all(parameter.requires_grad for parameter in trained.parameters())


def test_frozen_statistics_stay_and_others_follow() -> None:
    model = network()
    still = fit(bn="frozen").run(model, Toy(), seed=0, session=Session())
    moved = fit().run(model, Toy(), seed=0, session=Session())
    name = "body.1.running_mean"
    assert torch.equal(still.state_dict()[name], model.state_dict()[name])
    assert not torch.equal(moved.state_dict()[name], model.state_dict()[name])


def test_the_global_generator_comes_back_as_it_was() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    fit(epochs="1ep").run(network(dropout=0.5), Toy(), seed=0, session=Session())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("every", [None, "1it", "4it"])
def test_a_nan_loss_stops_at_once_with_a_remedy_and_poisons_no_checkpoint(every: str | None, tmp_path: Path) -> None:
    recipe = fit(checkpoint_every=every, epochs="20ep")
    with pytest.raises(Diverged, match=r"nan at step 6 of 60.*good checkpoint is kept.*optimizer\.lr"):
        recipe.run(network(), Poisoned(good=5), seed=0, session=Session(tmp_path))
    for file in tmp_path.glob("*.safetensors"):
        with safe_open(file, framework="pt") as opened:
            assert all(bool(opened.get_tensor(name).isfinite().all()) for name in opened.keys())  # noqa: SIM118
    assert len(list(tmp_path.glob("*.safetensors"))) == {None: 1, "1it": 2, "4it": 1}[every]


def test_a_rate_far_too_high_is_named_in_the_remedy() -> None:
    with pytest.raises(Diverged, match=r"clip=1\.0"):
        fit(optimizer={"lr": 1e30}).run(network(), Toy(), seed=0, session=Session())


def test_a_net_of_one_size_says_so_in_place_of_its_own_assertion() -> None:
    class Sized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.shape[2] == 224, "Wrong image height!"
            found: torch.Tensor = self.head(x.mean((2, 3)))
            return found

    with pytest.raises(ModelError, match=r"toy cannot be shown samples of 3x8x8: Wrong .*write --set task\.size=224"):
        fit().run(Network(Sized(), source="toy"), Toy(), seed=0, session=Session())


def test_selecting_without_a_validation_split_is_refused() -> None:
    class Unheld(Toy):
        def splits(self) -> Splits:
            whole = super().splits()
            return Splits(whole.train, Subset(whole.val, torch.empty(0, dtype=torch.int64)), whole.test)

    with pytest.raises(OptionError, match="select=last"):
        fit(select="best_val").run(network(), Unheld(), seed=0, session=Session())


def test_bfloat16_trains_too_and_keeps_float32_weights() -> None:
    model = network()
    trained = fit(precision="bfloat16").run(model, Toy(), masks=masks(model), seed=0, session=Session())
    assert {parameter.dtype for parameter in trained.parameters()} == {torch.float32}
    full = fit().run(model, Toy(), masks=masks(model), seed=0, session=Session())
    assert weights_digest(trained) != weights_digest(full)
