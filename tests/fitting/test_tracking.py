"""What trackers are told of a training, and that it changes nothing."""

from collections.abc import Mapping
from typing import Any, ClassVar, final

import pytest
import torch
from torch import nn

from tombola import Session, Tracking, pretrain
from tombola.errors import RequestError, UnknownName
from tombola.fitting.session import Silent
from tombola.fitting.trackers._base import Run, Tracker
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.spec import Json

FIT: dict[str, Any] = {"epochs": "2ep", "batch": 256, "select": "best_val"}
TASK = {"name": "digits", "size": 8}


def net() -> Network:
    """One that is trained in a moment."""
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))
    for parameter in body.parameters():
        nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(0))
    return Network(body, source="toy")


class Kept(Run):
    """Remembers."""

    def __init__(self) -> None:
        self.options: dict[str, Json] = {}
        self.numbers: list[tuple[int, dict[str, float]]] = []
        self.ended: list[bool] = []

    def made_with(self, options: Mapping[str, Json]) -> None:
        self.options |= options

    def found(self, step: int, numbers: Mapping[str, float]) -> None:
        self.numbers.append((step, dict(numbers)))

    def end(self, *, well: bool) -> None:
        self.ended.append(well)


@final
class Memory(Tracker):
    """Keeps runs in memory."""

    RUNS: ClassVar[dict[str, Kept]] = {}

    def begin(self, title: str) -> Run:
        self.RUNS[title] = Kept()
        return self.RUNS[title]


@final
class Full(Tracker):
    """Has no room."""

    def begin(self, title: str) -> Run:
        raise OSError("the disk is full")


class Notes(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_training_is_told_of_and_is_the_same() -> None:
    told = pretrain(net(), TASK, FIT, session=Session(reporter=Tracking(Memory()), path=("a", "b")))
    assert weights_digest(told) == weights_digest(pretrain(net(), TASK, FIT))
    run = Memory.RUNS["a/b"]
    assert run.options["optimizer.name"] == "sgd"
    assert run.options["task"] == "classification"
    assert run.ended == [True]
    per_epoch = max(step for step, _ in run.numbers) // 2
    by_name = {name: [(step, found[name]) for step, found in run.numbers if name in found] for name in NAMES}
    assert [step for step, _ in by_name["epoch/loss"]] == [per_epoch, 2 * per_epoch]
    assert [step for step, _ in by_name["validation"]] == [per_epoch, 2 * per_epoch]
    assert by_name["loss"][-1][0] == 2 * per_epoch
    assert by_name["learning_rate"][0][1] > by_name["learning_rate"][1][1]
    assert by_name["epoch/loss"][0][1] > by_name["epoch/loss"][1][1]


NAMES = ("loss", "epoch/loss", "epoch/score", "learning_rate", "validation")


def test_one_that_fails_is_left_out_and_the_training_goes_on() -> None:
    notes = Notes()
    trained = pretrain(net(), TASK, FIT, session=Session(reporter=Tracking(Full(), Memory(), beside=notes)))
    assert weights_digest(trained) == weights_digest(pretrain(net(), TASK, FIT))
    (note,) = notes.notes
    assert "failed and is left out of fit from here: OSError: the disk is full" in note
    assert Memory.RUNS["fit"].ended == [True]


def test_what_is_no_training_begins_no_run_and_a_failed_one_ends_badly() -> None:
    tracking = Tracking(Memory())
    with tracking.task("stages", 3, 0) as bar:
        bar.advance(3, samples=0, loss=None)
    assert "stages" not in Memory.RUNS
    with pytest.raises(KeyboardInterrupt):
        stopped(tracking)
    run = Memory.RUNS["stopped"]
    assert (run.numbers, run.ended) == ([(15, {"loss": 1.0})], [False])


def stopped(tracking: Tracking) -> None:
    """A task that the user stops."""
    with tracking.task("stopped", 20, 10) as bar:
        bar.advance(5, samples=5, loss=1.0)
        raise KeyboardInterrupt


def test_an_unknown_tracker_and_a_missing_package_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match=r"tensorbord.*did you mean 'tensorboard'"):
        Tracking("tensorbord")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RequestError, match=r"mlflow needs mlflow, not installed here; type: pip install 'tombola\[tr"):
        Tracking("mlflow:runs")
