"""The tutorial on photographs on real ones: from a clone into an empty environment, every block as it stands there.

What it installs comes from the package index; where none answers, there is nothing to try.
"""

import os
import subprocess
import venv
from pathlib import Path

import pytest
from tests.docs.shown import ROOT, blocks
from tests.docs.test_programs import steps

pytestmark = [pytest.mark.realdata, pytest.mark.timeout(3600)]
PAGE = ROOT / "docs" / "tutorial" / "photographs.md"


def run(script: str, at: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], cwd=at, env=environment, capture_output=True, text=True)


def test_two_commands_from_a_clone_to_a_shipped_folder(tmp_path: Path) -> None:
    from benchmarks.make_sets import DATA, photographs

    if not (DATA / "caltech101").is_dir():
        pytest.skip("no Caltech-101 beside the project (TOMBOLA_DATA)")
    clone = tmp_path / "tombola"
    if run(f"git clone -q '{ROOT}' '{clone}'", tmp_path, dict(os.environ)).returncode != 0:
        pytest.skip("the project is no clone here")
    venv.create(clone / ".venv", with_pip=True)
    path = f"{clone / '.venv' / 'bin'}:{os.environ['PATH']}"
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"PATH": path}
    (install,) = [text for kind, text in blocks(PAGE) if kind == "bash" and "pip install" in text]
    if (done := run(install, clone, alone)).returncode != 0:
        pytest.skip(f"the packages cannot be had here: {done.stderr[-300:]}")
    photographs(clone / "photos")
    done = run("\n".join(["set -euo pipefail", *steps(PAGE, clone)]), clone, alone)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    told = (clone / "told.txt").read_text("utf-8").splitlines()
    right = [line.split("/")[1] == line.split(": ")[1].split()[0] for line in told]
    assert len(told) > 3000
    assert sum(right) > 0.3 * len(right), "of 101 classes chance knows one in a hundred"
