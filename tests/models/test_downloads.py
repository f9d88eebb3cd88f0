"""Pretrained weights files: caches first, damage noticed, one error that says what is missing and what to do."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from tombola.errors import ModelError
from tombola.models import downloads
from tombola.models.downloads import hub_file, torch_file


def test_a_cached_torch_file_is_taken_when_it_agrees_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    name = f"net-{hashlib.sha256(b'weights').hexdigest()[:8]}.pth"
    (folder / name).write_bytes(b"weights")
    assert torch_file(f"https://example.invalid/models/{name}", "torchvision:net@V1") == folder / name
    (folder / name).write_bytes(b"weight")
    with pytest.raises(ModelError, match="damaged, its sha256 does not start with"):
        torch_file(f"https://example.invalid/models/{name}", "torchvision:net@V1")


def test_a_missing_torch_file_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        torch_file("https://example.invalid/net-01234567.pth", "torchvision:net@V1")
    text = str(caught.value)
    assert "Missing is net-01234567.pth in $TORCH_HOME/hub/checkpoints" in text
    assert "path:net-01234567.pth with arch: torchvision:net" in text
    assert str(tmp_path) not in text
    assert not list((tmp_path / "hub" / "checkpoints").iterdir())


def test_a_missing_hub_file_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError) as caught:
        hub_file("timm/net.tag", ("model.safetensors", "pytorch_model.bin"), "timm:net.tag")
    text = str(caught.value)
    assert "Missing is model.safetensors in $HF_HOME/hub/models--timm--net.tag" in text
    assert "path:model.safetensors with arch: timm:net" in text


def test_a_cached_hub_file_is_taken_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--timm--net.tag" / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("0123")
    (snapshot / "pytorch_model.bin").write_bytes(b"weights")
    found = hub_file("timm/net.tag", ("model.safetensors", "pytorch_model.bin"), "timm:net.tag")
    assert found.read_bytes() == b"weights"


def test_the_reason_is_named_without_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise ConnectionError("proxy http://user:password@host refused")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fails)
    with pytest.raises(ModelError, match="ConnectionError") as caught:
        torch_file("https://example.invalid/net-01234567.pth", "torchvision:net@V1")
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("EntryNotFoundError", ["model.safetensors", "pytorch_model.bin"]),
        ("LocalEntryNotFoundError", ["model.safetensors"]),
    ],
)
def test_the_second_name_is_asked_for_only_when_the_first_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, asked: list[str]
) -> None:
    from huggingface_hub import errors

    names: list[str] = []

    def fails(_repository: str, name: str) -> str:
        names.append(name)
        raise getattr(errors, kind)("no")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.hf_hub_download", fails)
    monkeypatch.setattr(downloads, "knock", lambda _address: None)
    with pytest.raises(ModelError, match=kind):
        hub_file("timm/net.tag", ("model.safetensors", "pytorch_model.bin"), "timm:net.tag")
    assert names == asked
