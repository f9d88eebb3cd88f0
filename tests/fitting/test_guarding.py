"""A training under guard: what breaks is gone back from, told, and leaves no trace in what an interruption gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fitting.toys import Failing, Interrupted, Toy, masks, network
from torch import Tensor, nn

from tombola.attacks._base import Criterion
from tombola.attacks._crafting import crafting
from tombola.attacks.pgd import pgd
from tombola.batch import Batch
from tombola.data._base import InMemory, Splits
from tombola.errors import StageError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session, Silent
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.objectives._base import Found, Objective, Progress, Running
from tombola.objectives._guarding import Finding, Guard, Guarded
from tombola.objectives.natural import Natural
from tombola.spec import build
from tombola.tasks._base import Task
from tombola.units import Steps

SHORT = {"epochs": "12it", "batch": 16, "optimizer": {"name": "sgd", "lr": 0.05}, "precision": "float32"}


class Breaking(Objective):
    """Natural training that breaks when told to: one letter a look, s(ound), f(ault) or anything else for neither."""

    looks: str = "s"
    repairs: int = 9
    done: int = 0  # changes nothing but the identity

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        loss, outputs = Natural().loss(model, batch, criterion, at=at, generator=generator)
        return Found(loss * (1 + self.done), outputs)

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Guarded(self, Scripted(self), task)


Breaking.name = "breaking"
_LOOKED: list[tuple[int, str]] = []
TWICE = "broken after six batches, and after eight"


class Scripted(Guard):
    """Says what the script says for the number of batches the network has seen: its counter goes back with it."""

    every = Steps(2, "it")
    remedy = "Write something else"

    def __init__(self, objective: Breaking) -> None:
        self.objective = objective

    def look(
        self,
        model: nn.Module,
        batch: Batch,
        criterion: Criterion,
        scores: Callable[[Tensor, Tensor], Tensor],
        *,
        generator: torch.Generator,
    ) -> Finding:
        assert batch.x.shape[1:] == (3, 8, 8)
        targets = batch.targets
        with crafting(model, "eval"), torch.no_grad():
            outputs = model(batch.x)
        assert criterion(outputs, targets).shape == scores(outputs, targets).shape == targets.shape
        seen = int(model.state_dict()["body.1.num_batches_tracked"])
        letter = self.objective.looks[min(len(_LOOKED), len(self.objective.looks) - 1)]
        if self.objective.looks == TWICE:
            letter = "f" if (seen, self.objective.done) in {(6, 0), (8, 1)} else "s"
        _LOOKED.append((seen, letter))
        return Finding(sound=letter == "s", fault="it broke" if letter == "f" else "")

    def repaired(self) -> tuple[Objective, Guard, str] | None:
        ours = self.objective
        if ours.repairs == 0:
            return None
        better = ours.replace(repairs=ours.repairs - 1, done=ours.done + 1)
        return better, Scripted(better), f"goes on repaired {ours.done + 1} times"


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture(autouse=True)
def _unlooked() -> None:
    _LOOKED.clear()


def trained(looks: str, notes: Notes | None = None, **options: Any) -> Network:
    objective = Breaking(looks=looks, **({"repairs": options.pop("repairs")} if "repairs" in options else {}))
    recipe = build(Fit, {**SHORT, "objective": objective, **options})
    return recipe.run(network(), Toy(), seed=0, session=Session(reporter=notes or Silent()))


def test_a_sound_training_is_as_one_without_a_guard() -> None:
    plain = build(Fit, {**SHORT}).run(network(), Toy(), seed=0, session=Session())
    assert weights_digest(trained("s")) == weights_digest(plain)
    assert [seen for seen, _ in _LOOKED] == [2, 4, 6, 8, 10, 12]


def test_a_fault_brings_back_the_last_sound_state_and_the_training_goes_on_repaired() -> None:
    notes = Notes()
    trained("sfsss", notes)
    assert _LOOKED == [(2, "s"), (4, "f"), (4, "s"), (6, "s"), (8, "s"), (10, "s")]
    (told,) = notes.heard
    assert told == (
        "step 4 of 12: it broke; the weights of step 2 are back, and the training goes on repaired 1 times."
        " Write something else"
    )


def test_momentum_average_and_best_come_back_too() -> None:
    """A fault at the very end gives what a training that ended at the last sound step had."""
    options: dict[str, Any] = {"ema": 0.9, "select": "best_val", "validate_every": "1it", "schedule": "constant"}
    broken = trained("sssssf", **options)
    assert weights_digest(broken) == weights_digest(trained("s", **{**options, "epochs": "10it"}))


def test_neither_sound_nor_a_fault_is_let_be() -> None:
    notes = Notes()
    trained("s??f?s", notes)
    assert [seen for seen, _ in _LOOKED] == [2, 4, 6, 8, 4, 6]
    assert "the weights of step 2 are back" in notes.heard[0]


def test_faults_are_waited_out_until_something_was_sound() -> None:
    notes = Notes()
    trained("ffss", notes)
    assert notes.heard == []
    _LOOKED.clear()
    trained("fffs", notes)
    assert [seen for seen, _ in _LOOKED] == [2, 4, 6, 2, 4, 6]
    assert "the weights of step 0 are back" in notes.heard[0]


def test_after_the_last_repair_it_ends_with_the_last_sound_state() -> None:
    notes = Notes()
    stopped = trained("ssf", notes, repairs=0, schedule="constant")
    assert len(_LOOKED) == 3
    assert "step 6 of 12: it broke; the weights of step 4 are back, and the training ends with them" in notes.heard[0]
    assert weights_digest(stopped) == weights_digest(trained("s", schedule="constant", epochs="4it"))


def test_what_was_never_sound_and_cannot_be_repaired_fails_with_the_remedy() -> None:
    with pytest.raises(StageError, match=r"step 6 of 12: it broke, and was not sound before\. Write something else"):
        trained("f", repairs=0)
    with pytest.raises(StageError, match="step 2 of 2: it broke"):
        trained("f", epochs="2it")


@pytest.mark.parametrize(
    "stop", [5, 6, 9, *(pytest.param(more, marks=pytest.mark.slow) for more in (1, 2, 3, 4, 7, 8, 10, 11))]
)
def test_stopped_anywhere_it_continues_bit_for_bit(stop: int, tmp_path: Path) -> None:
    recipe = build(Fit, {**SHORT, "objective": Breaking(looks=TWICE), "ema": 0.9, "checkpoint_every": "3it"})
    model, straight, notes = network(dropout=0.2), Notes(), Notes()
    kept = masks(model)
    whole = recipe.run(model, Toy(), masks=kept, seed=3, session=Session(reporter=straight))
    with pytest.raises(Interrupted):
        recipe.run(model, Failing(good=stop), masks=kept, seed=3, session=Session(tmp_path, reporter=notes))
    again = recipe.run(model, Toy(), masks=kept, seed=3, session=Session(tmp_path, reporter=notes))
    assert weights_digest(again) == weights_digest(whole)
    assert [text[:10] for text in straight.heard] == ["step 6 of ", "step 10 of"]
    assert set(straight.heard) <= set(notes.heard)


def lifted(count: int, seed: int) -> InMemory:
    """Noise with a square a little brighter, whose place tells the class."""
    drawn = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    pixels = torch.randint(0, 120, (count, 3, 8, 8), generator=drawn, dtype=torch.uint8)
    for place, label in enumerate(labels.tolist()):
        pixels[place, :, 2 * label : 2 * label + 3, 2 * label : 2 * label + 3] += 110
    return InMemory(pixels, labels, ("a", "b", "c"))


class Lifted(Toy):
    """Three classes that a wide network can tell apart by memory."""

    def splits(self) -> Splits:
        return Splits(lifted(120, 0), lifted(96, 1), lifted(96, 2))


Lifted.name = "lifted"


def wide() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = [nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(), nn.Conv2d(24, 24, 3, padding=1, stride=2), nn.ReLU()]
        return Network(nn.Sequential(*layers, nn.Flatten(), nn.Linear(24 * 16, 3)), source="wide")


def robust_accuracy(model: Network) -> float:
    test = Lifted().splits().test
    x, drawn = test.pixels_at(torch.arange(96)).float() / 255, torch.Generator().manual_seed(0)
    worst = pgd(model, x, test.labels, Lifted().losses, eps=0.2, steps=20, generator=drawn)
    return float(Lifted().scores(model(worst), test.labels).mean())


@pytest.mark.slow
def test_fast_training_driven_to_collapse_by_a_large_step_is_caught_and_repaired() -> None:
    found, notes = {}, Notes()
    for every in (None, "20it"):
        recipe = {
            "objective": {"name": "fast", "eps": 0.2, "alpha": 1.0, "look_every": every},
            "epochs": "300it",
            "batch": 32,
            "optimizer": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
            "schedule": "constant",
            "precision": "float32",
        }
        session = Session(reporter=notes)
        found[every] = robust_accuracy(build(Fit, recipe).run(wide(), Lifted(), seed=0, session=session))
    assert any("collapsed" in text and "PGD-5" in text and "in 2 steps of 51/255" in text for text in notes.heard)
    assert all("smaller objective.eps or objective.alpha" in text for text in notes.heard)
    assert found["20it"] > found[None] + 0.15, found
