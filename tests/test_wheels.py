"""`package:NAME`: the one folder of an installed package that holds a model, found without running the package."""

from pathlib import Path

import pytest

from tombola.errors import RequestError
from tombola.wheels import place_of


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
