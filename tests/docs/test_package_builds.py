"""The wheel and the source archive, built and tried in an environment of their own, outside the source tree.

What Tombola depends on is taken from this environment; Tombola itself is not.
"""

import os
import subprocess
import sysconfig
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.docs.shown import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def told(*command: str | Path, at: Path, **more: str) -> str:
    """What a program prints, which must end well."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TOMBOLA_PATH")} | more
    done = subprocess.run([*map(str, command)], cwd=at, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, made by the project's own build backend."""
    place = tmp_path_factory.mktemp("build")
    venv.create(place / "backend", with_pip=True)
    python = place / "backend" / "bin" / "python"
    try:
        told(python, "-m", "pip", "install", "--quiet", "hatchling", at=place)
    except AssertionError as error:
        pytest.skip(f"the build backend cannot be had here: {str(error)[-200:]}")
    told(python, "-m", "hatchling", "build", "-d", place / "dist", at=ROOT)
    return place / "dist"


@pytest.fixture(scope="module")
def command(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``tombola`` as the wheel installs it."""
    place = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(place, with_pip=True)
    told(place / "bin" / "pip", "install", "--quiet", "--no-deps", *built.glob("*.whl"), at=place.parent)
    return place / "bin" / "tombola"


def test_the_wheel_holds_what_runs_and_the_archive_what_is_read(built: Path) -> None:
    (wheel,), (archive,) = built.glob("*.whl"), built.glob("*.tar.gz")
    assert wheel.stat().st_size < 3_000_000
    names = ZipFile(wheel).namelist()
    assert {"tombola/py.typed", "tombola/report/page.css", "tombola/native/c/vectors.h"} <= set(names)
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert {"README.md", "docs/pictures/hero.png", "results/EVIDENCE.md", "CITATION.cff", "CONTRIBUTING.md"} <= held
    assert not [name for name in held if name.startswith(("site/", "runs/", "docs/reference/", ".venv"))]


def test_the_wheel_draws_exports_and_reports_outside_the_source(command: Path, tmp_path: Path) -> None:
    beside = {
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "OMP_NUM_THREADS": "1",
    }  # editable installs do not count there

    def run(line: str) -> str:
        return told(command, *line.split(), at=tmp_path, **beside)

    home = told(command.parent / "python", "-c", "import tombola; print(tombola.__file__)", at=tmp_path, **beside)
    assert Path(home.strip()).is_relative_to(command.parents[1])
    assert "imp" in run("list schemes")
    run("pretrain resnet8 --task glyphs --set epochs=2it --set batch=8 -o net.safetensors")
    run("draw path:net.safetensors --scheme omp --set sparsity=0.9 -o x.ticket")
    run("transfer x.ticket --model path:net.safetensors --task digits --how linear -o digits.ticket")
    run("export digits.ticket --to native -o net")
    assert (tmp_path / "net" / "net.c").stat().st_size > 1000
    study = (
        "name: s\nmodel: resnet8\nsource: glyphs\npretrain: {epochs: 2it, batch: 8}\ndraw: {name: omp, sparsity: 0.9}\n"
    )
    (tmp_path / "s.yaml").write_text(
        study + "target: digits\ntransfer: linear\nmeasure: [accuracy]\n", encoding="utf-8"
    )
    run("run s.yaml")
    assert "<html" in (tmp_path / "runs" / "s" / "report.html").read_text("utf-8")
