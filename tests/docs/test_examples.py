"""What README and examples show runs as shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def output(script: Path, folder: Path) -> str:
    """What a program prints, run in a folder of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # as in conftest.py
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert len([line for line in block.splitlines() if line.strip()]) <= 25
    script = tmp_path / "readme.py"
    script.write_text(block, encoding="utf-8")
    printed = output(script, tmp_path)
    assert "adversarial_accuracy" in printed
    (known,) = re.findall(r"letters known: ([\d.]+) %", printed)
    assert float(known) > 4 * 100 / 26, "the prior of the first example is hardly better than chance"
    assert (tmp_path / "glyphs.ticket").stat().st_size < 20_000


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_and_is_short(example: Path, tmp_path: Path) -> None:
    assert len(example.read_text("utf-8").splitlines()) <= 40
    assert output(example, tmp_path).strip()


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    kinds = ("tutorial", "how-to", "explanation")
    pages = [
        path.relative_to(ROOT / "docs").as_posix() for kind in kinds for path in (ROOT / "docs" / kind).glob("*.md")
    ]
    assert pages
    assert [page for page in pages if page not in text] == []


def test_the_page_on_a_loop_of_ones_own_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/how-to/your-own-loop.md").read_text("utf-8"), re.DOTALL)
    script = tmp_path / "loop.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    output(script, tmp_path)
    assert (tmp_path / "mine.ticket").exists()
