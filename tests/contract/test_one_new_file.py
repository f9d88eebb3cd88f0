"""Adding a member is one new file: a test writes it in a temporary folder and finds it in the lists and the help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CARD = '''"""Mine: {what}.

What: {what}. When: in this test. Cost: none. Options: ``strength``. Reference: none.
"""
'''

FILES = {
    "schemes": """
from tombola.schemes._base import Scheme
from tombola.spec import option

class Mine(Scheme):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def rung(self, model, task, start, *, seed, session):
        raise NotImplementedError
""",
    "patterns": """
from tombola.masks.patterns._base import Pattern
from tombola.spec import option

class Mine(Pattern):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def grouping(self, weight, layer):
        raise NotImplementedError
""",
    "attacks": """
from tombola.attacks._base import Attack
from tombola.spec import option

class Mine(Attack):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def perturb(self, model, x, targets, criterion, *, bounds, generator):
        return x
""",
    "objectives": """
from tombola.objectives._base import Found, Objective
from tombola.spec import option

class Mine(Objective):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def loss(self, model, batch, criterion, *, at, generator):
        outputs = model(batch.x, **batch.more)
        return Found(criterion(outputs, batch.targets).mean(), outputs)
""",
    "properties": """
from tombola.properties._base import Measurement, Property
from tombola.spec import option

class Mine(Property):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def measure(self, model, task, *, seed, session):
        return [Measurement("mine", float(self.strength), samples=1)]
""",
    "figures": """
from tombola.report.figures._base import Figure
from tombola.spec import option

class Mine(Figure):
    strength: int = option(3, "how strongly it is mine", ge=0)

    def draw(self, rows, about):
        return None
""",
}
HELP = {"schemes": "draw", "properties": "measure", "objectives": "pretrain"}
"""The command whose help names a family's members."""


def tombola(folder: Path, *words: str) -> str:
    """What the command prints, with the folder on the path."""
    environment = {**os.environ, "TOMBOLA_PATH": str(folder), "COLUMNS": "200"}
    command = [sys.executable, "-m", "tombola", *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("kind", FILES)
def test_one_file_adds_a_member(kind: str, tmp_path: Path) -> None:
    file = tmp_path / kind / "mine.py"
    file.parent.mkdir()
    file.write_text(CARD.format(what=f"one of {kind}, from one file") + FILES[kind], encoding="utf-8")
    assert "mine" in tombola(tmp_path, "list", kind)
    shown = tombola(tmp_path, "show", kind, "mine")
    assert f"one of {kind}, from one file" in shown
    assert "how strongly it is mine" in shown
    if kind in HELP:
        assert "mine" in tombola(tmp_path, HELP[kind], "--help")
