"""What the winner runs from: the files of an earlier run stay until those in their place are whole."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tombola.engines.torch import Torch
from tombola.errors import StageError
from tombola.masks.masks import Masks
from tombola.models.source import Source
from tombola.race import ship
from tombola.race.wanted import Wanted
from tombola.tasks._base import Task

WANTED = Wanted(Source.parse("resnet8"), Task.parse("digits"))
RACED: Any = SimpleNamespace(wanted=WANTED, winner=SimpleNamespace(engine="torch"))
TICKET: Any = SimpleNamespace(masks=Masks({}))


def test_a_run_that_fails_leaves_the_files_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torch", ".torch.part", ".torch.old"):  # the last two of one that was killed
        (tmp_path / name).mkdir()
        (tmp_path / name / "net").write_text(name, encoding="utf-8")
    network = WANTED.model.load(seed=0)
    full = [True, False]

    def prepared(_: Torch, __: object, folder: Path) -> list[Path]:
        assert list(folder.iterdir()) == []
        (folder / "new").touch()
        if full.pop(0):
            raise StageError("no room")
        return []

    monkeypatch.setattr(Torch, "prepare", prepared)
    with pytest.raises(StageError, match="no room"):
        ship._run_by(RACED, network, TICKET, tmp_path)
    assert (tmp_path / "torch/net").read_text("utf-8") == "torch"
    assert ship._run_by(RACED, network, TICKET, tmp_path) == tmp_path / "torch"
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")] == ["torch", "torch/new"]
