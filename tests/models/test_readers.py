"""Weights files: every format gives the same tensors, no code is run, whatever is wrong is one named error."""

import argparse
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tombola.errors import ModelError
from tombola.models.readers import fill, read_weights, renamed

FORMATS = ("w.safetensors", "w.npz", "w.pt", "w.pth", "w.pth.tar", "w.ckpt", "w.bin")
HERE = Path("w.npz")


def _net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def _write(file: Path, weights: dict[str, Tensor]) -> Path:
    if file.suffix == ".safetensors":
        save_file(weights, file)
    elif file.suffix == ".npz":
        np.savez(file, **{name: tensor.numpy() for name, tensor in weights.items()})  # type: ignore[arg-type]  # names
    else:
        torch.save(weights, file)
    return file


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_tensors_back(tmp_path: Path, name: str) -> None:
    weights = _net().state_dict()
    assert _same(read_weights(_write(tmp_path / name, weights)), weights)


@pytest.mark.parametrize("wrap", ["state_dict", "model", "model_state_dict", "net"])
def test_wrappers_are_opened_and_prefixes_removed(tmp_path: Path, wrap: str) -> None:
    weights = _net().state_dict()
    prefixed = {f"_orig_mod.module.{name}": tensor for name, tensor in weights.items()}
    torch.save({"epoch": 3, "optimizer": {"state": {}}, wrap: {"state_dict": prefixed}}, tmp_path / "w.pt")
    assert _same(read_weights(tmp_path / "w.pt"), weights)


def test_a_prefix_some_names_lack_is_kept(tmp_path: Path) -> None:
    weights = {"module.a": torch.ones(1), "b": torch.ones(1)}
    assert read_weights(_write(tmp_path / "w.pt", weights)).keys() == weights.keys()


class Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.target,)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    target = tmp_path / "was-run"
    torch.save({"state_dict": {"a": torch.ones(1)}, "more": Bomb(target)}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"w\.pt: refused, .*anything to your machine.*convert it once: python -c"):
        read_weights(tmp_path / "w.pt")
    (tmp_path / "raw.pth").write_bytes(pickle.dumps(Bomb(target)))
    with pytest.raises(ModelError, match=r"raw\.pth"):
        read_weights(tmp_path / "raw.pth")
    assert not target.exists()


def test_settings_beside_tensors_are_passed_over_and_other_objects_refused_by_name(tmp_path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(1)}, "args": argparse.Namespace(lr=0.1)}, tmp_path / "w.pth.tar")
    assert list(read_weights(tmp_path / "w.pth.tar")) == ["a"]
    torch.save({"state_dict": {"a": torch.ones(1)}, "best": Fraction(1, 2)}, tmp_path / "w.pth.tar")
    with pytest.raises(ModelError, match=r"refused, it calls fractions\.Fraction"):
        read_weights(tmp_path / "w.pth.tar")


def test_pickled_objects_in_an_npz_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(ModelError, match="the array 'a' holds pickled objects"):
        read_weights(tmp_path / "w.npz")


def test_text_in_an_npz_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array(["x"]))
    with pytest.raises(ModelError, match="the array 'a' holds <U1, not numbers"):
        read_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("name", ["w.safetensors", "w.npz", "w.pt"])
def test_every_truncation_is_one_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    whole = _write(tmp_path / name, _net().state_dict()).read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(ModelError, match=name):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("name", ["w.safetensors", "w.npz", "w.pt"])
def test_damage_never_escapes_as_another_error(tmp_path: Path, name: str) -> None:
    whole = bytearray(_write(tmp_path / name, _net().state_dict()).read_bytes())
    numbers = np.random.default_rng(0)
    for _ in range(60):
        damaged = whole.copy()
        for place in numbers.integers(0, min(len(whole), 900), size=3):
            damaged[place] ^= int(numbers.integers(1, 256))
        (tmp_path / name).write_bytes(damaged)
        try:
            read_weights(tmp_path / name)
        except ModelError as error:
            assert name in str(error)  # noqa: PT017  # whether a flipped bit is noticed depends on the format


def test_what_is_no_weights_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        read_weights(tmp_path / "absent.pt")
    with pytest.raises(ModelError, match="cannot tell the format"):
        read_weights(tmp_path / "w.h5")
    torch.save(torch.ones(3), tmp_path / "w.pt")
    with pytest.raises(ModelError, match="holds Tensor where tensors by name"):
        read_weights(tmp_path / "w.pt")
    torch.save({"a": torch.ones(1), "epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"1 entries are no plain tensors: 'epoch' \(int\)"):
        read_weights(tmp_path / "w.pt")


def test_a_dict_that_holds_itself_ends(tmp_path: Path) -> None:
    endless: dict[str, Any] = {}
    endless["state_dict"] = endless
    torch.save(endless, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="no plain tensors"):
        read_weights(tmp_path / "w.pt")


def test_names_are_mapped_in_order_and_empty_ones_left_out() -> None:
    weights = {"model.fc.weight": torch.ones(1), "attacker.x": torch.ones(1)}
    rules = [(r"^model\.", ""), (r"^fc\.", "linear."), (r"^attacker\..*", "")]
    assert renamed(weights, rules, HERE).keys() == {"linear.weight"}


def test_two_tensors_of_one_name_are_refused() -> None:
    with pytest.raises(ModelError, match="two tensors the name 'a'"):
        renamed({"a1": torch.ones(1), "a2": torch.ones(1)}, [(r"\d", "")], HERE)


def test_filling_makes_the_module_equal() -> None:
    one, other = _net(), _net()
    weights = {name: tensor for name, tensor in one.state_dict().items() if not name.endswith("num_batches_tracked")}
    fill(other, weights, HERE)
    assert _same(one.state_dict(), other.state_dict())


def test_nothing_is_dropped_silently_and_nothing_changed() -> None:
    net = _net()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    weights = {**before, "0.weight": torch.ones(4, 3, 1, 1), "3.bias": torch.ones(2, dtype=torch.int64)}
    weights |= {f"extra{i}": torch.ones(1) for i in range(6)}
    del weights["3.weight"]
    with pytest.raises(ModelError) as caught:
        fill(net, weights, HERE)
    text = str(caught.value)
    assert "1 in the model but not in the file: 3.weight" in text
    assert "6 in the file but not in the model: extra0, extra1, extra2, extra3 and 2 more" in text
    assert "0.weight (model 4x3x3x3, file 4x3x1x1)" in text
    assert "3.bias (model torch.float32, file torch.int64)" in text
    assert _same(net.state_dict(), before)
