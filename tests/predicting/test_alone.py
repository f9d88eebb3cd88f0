"""``predict.py`` beside an export answers as Tombola does, where neither Tombola nor torch can be imported."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.predicting.conftest import Shipped
from tests.predicting.finished import CLASSES, adapted, pictures

from tombola.errors import RequestError
from tombola.exporters._alone.writing import By, fits, program
from tombola.exporters._base import Exporter
from tombola.masks.masks import Masks
from tombola.predicting.loading import load
from tombola.predicting.samples import Sample

BLOCKED = """
import runpy, sys
for name in ("torch", "tombola", "timm", "scipy", "tokenizers", "transformers"):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(program: Path, *words: str, **more: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr, of a process that has only what the program says it needs; ``more`` is of its env."""
    command = [sys.executable, "-c", BLOCKED, str(program), *words]
    env = {"PATH": "/usr/bin:/bin", "CFLAGS": "-Og", **more}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("form", [pytest.param("onnx", marks=pytest.mark.slow), "native"])
def test_it_answers_as_tombola_does(form: str, shipped: Shipped, tmp_path: Path) -> None:
    files = sorted(map(str, pictures(tmp_path / "photos")))
    home = shipped.onnx.parent if form == "onnx" else shipped.native
    code, out, err = run(home / "predict.py", str(tmp_path / "photos"), "--top", "4", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    answers = load(shipped.ticket).answers([Sample(file, Path(file)) for file in files])
    for one, answer in zip(found, answers, strict=True):
        wanted = answer.plain()
        assert (one["name"], one["label"]) == (wanted["name"], wanted["label"])
        for theirs, ours in zip(one["top"], wanted["top"], strict=True):
            assert theirs["label"] == ours["label"]
            assert theirs["score"] == pytest.approx(ours["score"], abs=1e-4)
    assert (home / "labels.txt").read_text("utf-8").splitlines() == [*CLASSES]


def test_cc_may_have_words_behind_the_compilers_name(shipped: Shipped, tmp_path: Path) -> None:
    (photo, *_) = pictures(tmp_path / "photos")
    net = shutil.copytree(shipped.native, tmp_path / "net", ignore=shutil.ignore_patterns("build"))
    for cc in ("cc -DASKED=1", ""):
        code, out, err = run(net / "predict.py", str(photo), CC=cc)
        assert (code, err, bool(out)) == (0, "", True)
    assert len(list((net / "build").iterdir())) == 2, "what is asked of the compiler is part of what was built"


def test_what_it_cannot_read_is_named_and_the_rest_goes_on(shipped: Shipped, tmp_path: Path) -> None:
    good, *_ = pictures(tmp_path / "photos")
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.jpg").write_bytes(good.read_bytes()[:300])
    asked = [str(tmp_path / name) for name in ("cut.jpg", "nowhere.png", "empty")]
    code, out, err = run(shipped.onnx.parent / "predict.py", *asked, str(good), "--top", "1")
    assert code == 1
    (line,) = out.splitlines()
    assert line.startswith(f"{good}: ")
    assert [text.split(": ")[1] for text in err.splitlines()] == asked


NEEDS: dict[By, set[str]] = {
    "onnx": {"numpy", "PIL", "onnxruntime"},
    "native": {"numpy", "PIL"},
    "texts": {"numpy", "onnxruntime", "tokenizers"},
}


@pytest.mark.parametrize("by", list(NEEDS))
def test_it_imports_nothing_but_what_it_says(by: By) -> None:
    text = program(by, "net.onnx")
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            found.add(node.module.split(".")[0])
    assert found - set(sys.stdlib_module_names) == NEEDS[by]


def test_another_program_of_that_name_is_not_replaced(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    network = adapted()
    (tmp_path / "labels.txt").write_text("mine\n")
    with pytest.raises(RequestError, match=r"labels\.txt is there and is another one"):
        Exporter.parse({"name": "onnx", "predict": True}).export(network, Masks({}), tmp_path / "x.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["labels.txt"]


def test_there_is_none_for_nets_that_tell_no_classes(tmp_path: Path) -> None:
    network = adapted()
    network.adapted = None
    assert not fits(network)
    with pytest.raises(RequestError, match=r"predict=true.*tombola transfer"):
        Exporter.parse({"name": "onnx", "predict": True}).export(network, Masks({}), tmp_path / "x.onnx")
