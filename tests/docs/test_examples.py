"""What README and examples show runs as shown."""

import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
Output: TypeAlias = Callable[[Path], str]
README = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
KNOWN = 4 * 100 / 26
"""Per cent of the letters: four times what chance knows."""
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
SECONDS = ("sparse_c", "study_in_python")


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Output:
    """What a program prints, run in a folder of its own; in this process, which has read torch already."""

    def printed(script: Path) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [str(script)])
        runpy.run_path(str(script), run_name="__main__")
        return capsys.readouterr().out

    return printed


def letters_known(block: str, folder: Path, output: Output) -> float:
    """What the README's block says of its prior, after it ran to its end."""
    script = folder / "readme.py"
    script.write_text(block, encoding="utf-8")
    printed = output(script)
    assert "adversarial_accuracy" in printed
    (known,) = re.findall(r"letters known: ([\d.]+) %", printed)
    assert (folder / "glyphs.ticket").stat().st_size < 20_000
    return float(known)


@pytest.mark.slow
def test_the_python_of_the_readme_runs(tmp_path: Path, output: Output) -> None:
    """All of it, after a twentieth of the training; and it tells a prior that has not learned from one that has."""
    (block,) = README
    assert len([line for line in block.splitlines() if line.strip()]) <= 25
    assert block.count('epochs="200it"') == 1
    assert letters_known(block.replace('"200it"', '"10it"'), tmp_path, output) < KNOWN


@pytest.mark.slow
def test_the_prior_of_the_readme_learns(tmp_path: Path, output: Output) -> None:
    assert letters_known(README[0], tmp_path, output) > KNOWN, "it is hardly better than chance"


@pytest.mark.parametrize(
    "example",
    [pytest.param(path, marks=pytest.mark.slow if path.stem in SECONDS else []) for path in EXAMPLES],
    ids=lambda path: path.stem,
)
def test_an_example_runs_and_is_short(example: Path, output: Output) -> None:
    assert len(example.read_text("utf-8").splitlines()) <= 40
    assert output(example).strip()


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    kinds = ("tutorial", "how-to", "explanation")
    pages = [
        path.relative_to(ROOT / "docs").as_posix() for kind in kinds for path in (ROOT / "docs" / kind).glob("*.md")
    ]
    assert pages
    assert [page for page in pages if page not in text] == []


def test_the_page_on_a_loop_of_ones_own_runs(tmp_path: Path, output: Output) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/your-own-loop.md").read_text("utf-8"), re.DOTALL)
    script = tmp_path / "loop.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    output(script)
    assert (tmp_path / "mine.ticket").exists()
