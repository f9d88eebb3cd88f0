"""The licence of weights: as the card beside them, timm or the package states it, and nothing where nobody does."""

from pathlib import Path

import pytest

from tombola.models.licence import licence_of


def test_timm_states_that_of_its_weights_and_none_of_random_ones() -> None:
    assert licence_of("timm:resnet18.a1_in1k") == "apache-2.0"
    assert licence_of("timm:resnet18") == ""


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\ntags:\n- a\n---\n# A net\n", "apache-2.0"),
        ("---\nlanguage: en\n---\nlicense: mit\n", ""),
        ("license: mit\n", ""),
        ("---\nlicense: other\n---\n", ""),
    ],
)
def test_a_card_states_it_in_its_head(card: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert licence_of(f"hf:{tmp_path}") == found


def test_packages_state_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brings_weights").mkdir()
    (tmp_path / "brings_weights" / "__init__.py").write_text("raise SystemExit")
    about = tmp_path / "brings_weights-1.0.dist-info"
    about.mkdir()
    (about / "top_level.txt").write_text("brings_weights\n")
    for licence, found in (("MIT", "MIT"), ("UNKNOWN", "")):
        (about / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: brings-weights\nVersion: 1.0\nLicense: {licence}\n"
        )
        monkeypatch.syspath_prepend(str(tmp_path))
        assert licence_of("path:package:brings_weights") == found


@pytest.mark.parametrize(
    "name", ["resnet8", "path:net.pt", "hf:nowhere", "hf:package:not_here", "torchvision:resnet18"]
)
def test_nothing_is_made_up(name: str) -> None:
    assert licence_of(name) == ""
