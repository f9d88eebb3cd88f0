"""`path:`: a file of weights, or the one that an installed package holds."""

from pathlib import Path

import pytest
import torch

from tombola.errors import ModelError
from tombola.models.kinds._base import Asked
from tombola.models.kinds.own import Own
from tombola.models.saved_tensors import save_tensors
from tombola.models.source import Source

NET = {"arch": "resnet8", "width": 0.25}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights two folders down in a package that must not be run."""
    home = tmp_path / "brings_weights"
    (home / "models").mkdir(parents=True)
    (home / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    weights = Own(net="resnet8", width=0.25).build(Asked(seed=1)).state_dict()
    return save_tensors(weights, home / "models" / "net.safetensors")


def test_weights_of_a_package_are_its_file_under_the_same_key(file: Path) -> None:
    packed = Source.parse({"name": "path:package:brings_weights", **NET})
    plain = Source.parse({"name": f"path:{file}", **NET})
    assert packed.identity() == plain.identity()
    mine, same = (source.load(num_classes=3).state_dict() for source in (packed, plain))
    assert all(torch.equal(mine[name], same[name]) for name in mine)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.pt: there is no such file here; .*--set model\.arch=resnet20"):
        Source.parse(f"path:{tmp_path}/nowhere.pt")
