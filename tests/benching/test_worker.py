"""An engine in a process of its own: its answers, its times, its errors, its end."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tombola.benching.worker import Worker, written_inputs
from tombola.engines._base import Engine, Setting
from tombola.errors import StageError
from tombola.shown import ShownImages

TOY = '''"""Doubles every image's sum; a toy.

What: a toy.
When: in tests.
Cost: none.
Options: ``mood``: what it does.
Reference: none.
"""

import os
import sys

import numpy as np

from tombola.engines._base import Engine, LayerTime, Running
from tombola.spec import option


class Toy(Engine):
    mood: str = option("well", "what it does when it is loaded")

    def prepare(self, model, masks, setting, folder):
        return []

    def load(self, folder, setting):
        if self.mood == "raises":
            raise ValueError("not today")
        if self.mood == "dies":
            print("a last word", file=sys.stderr, flush=True)
            os._exit(3)
        if self.mood == "prints":
            print("libraries print what they like", flush=True)
        return Sums()


class Sums(Running):
    def run(self, inputs):
        return 2 * inputs["images"].sum((1, 2, 3), keepdims=False)[:, None]

    def layers(self, inputs):
        return [LayerTime("all", "sum", 0.5), LayerTime("more", "sum", float("torch" in sys.modules))]
'''


@pytest.fixture(autouse=True)
def _toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))


def toy(mood: str = "well", **setting: int) -> Worker:
    """A worker of the toy."""
    return Worker(Engine.parse({"name": "toy", "mood": mood}), Path(), Setting(ShownImages((1, 2, 2)), **setting))


def test_it_answers_in_batches_and_the_last_may_be_smaller(tmp_path: Path) -> None:
    pixels = np.arange(5 * 4, dtype=np.uint8).reshape(5, 1, 2, 2)
    folder = written_inputs({"images": pixels}, tmp_path / "some")
    with toy(batch=2) as worker:
        worker.load()
        found = worker.answer(folder)
    assert found.shape == (5, 1)
    np.testing.assert_allclose(found[:, 0], 2 * pixels.sum((1, 2, 3)) / 255, rtol=1e-6)


def test_it_is_timed_and_knows_its_memory() -> None:
    with toy() as worker:
        worker.load()
        worker.warm_up(3)
        runs = worker.time(10.0, most=4)
        peak, bare = worker.memory()
    assert len(runs) == 4
    assert all(0 < run.seconds < 1 and run.processor >= 0 for run in runs)
    if sys.platform.startswith("linux"):
        assert peak is not None
        assert bare is not None
        assert peak >= bare > 1_000_000


def test_a_process_without_torch_stays_without() -> None:
    with toy() as worker:
        worker.load()
        assert [layer.seconds for layer in worker.layers(runs=1)] == [0.5, 0.0]


def test_what_libraries_print_is_no_reply() -> None:
    with toy("prints") as worker:
        assert worker.load() >= 0


def test_an_error_in_the_process_is_told() -> None:
    with toy("raises") as worker, pytest.raises(StageError, match="toy cannot load: ValueError: not today"):
        worker.load()


def test_a_process_that_dies_leaves_its_last_words() -> None:
    with (
        toy("dies") as worker,
        pytest.raises(StageError, match=r"(?s)ended while .* load \(exit code 3\).*a last word"),
    ):
        worker.load()


def test_no_process_stays_behind() -> None:
    with toy() as worker:
        worker.load()
        process = worker._process
    assert process.poll() == 0
