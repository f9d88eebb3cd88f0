"""What every tracker keeps: a run from its beginning to its end, in a folder, with torch's own luck left alone."""

from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import pytest
import torch

from tombola.errors import RequestError
from tombola.fitting.trackers._base import Tracker

from .faults import Fault, first, raises
from .room import Check


def in_a_folder(tracker: Tracker) -> tuple[Tracker, Path]:
    """The tracker, writing into an empty folder; skipped where its packages are not here."""
    if lacking := [name for name in tracker.NEEDS if find_spec(name) is None]:
        pytest.skip(f"{', '.join(lacking)} not installed")
    folder = Path(mkdtemp())
    place = "uri" if "uri" in type(tracker).model_fields else "folder"
    return tracker.replace(**{place: str(folder)}), folder


def files(folder: Path) -> list[Path]:
    """All of them."""
    return [file for file in folder.rglob("*") if file.is_file()]


def a_run_is_kept(tracker: Tracker) -> None:
    kept, folder = in_a_folder(tracker)
    drawn = torch.get_rng_state()
    run = kept.begin("pretrain/level 1")
    run.made_with({"optimizer.lr": 0.1, "task": "digits", "changes": [], "clip": None})
    run.found(10, {"loss": 1.5})
    run.found(10, {"epoch/loss": 1.25, "validation": 0.5})
    run.end(well=True)
    assert sum(file.stat().st_size for file in files(folder)) > 100, "nothing was kept"
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"


def two_runs_of_one_name_stand_side_by_side(tracker: Tracker) -> None:
    kept, folder = in_a_folder(tracker)
    first_one, second = kept.begin("fit"), kept.begin("fit")
    for run in (second, first_one):
        run.found(1, {"loss": 1.0})
        run.end(well=run is second)
    assert len(files(folder)) > 1


def a_package_that_lacks_is_named(tracker: Tracker) -> None:
    with patch("importlib.util.find_spec", lambda name: None):
        said: AbstractContextManager[object] = nullcontext()
        said = pytest.raises(RequestError, match=r"tombola\[track\]") if tracker.NEEDS else said
        with said:
            tracker.require()


CHECKS: tuple[Check, ...] = (a_run_is_kept, two_runs_of_one_name_stand_side_by_side, a_package_that_lacks_is_named)

FAULTS: tuple[Fault, ...] = (
    Fault("draws random numbers", "tensorboard", "begin", first(lambda *_: torch.rand(1)), a_run_is_kept),
    Fault("cannot begin", "tensorboard", "begin", raises, a_run_is_kept),
    Fault(
        "says nothing of what lacks",
        "tensorboard",
        "require",
        lambda method: lambda self: None,
        a_package_that_lacks_is_named,
    ),
)
