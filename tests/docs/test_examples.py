"""What README and examples show runs as shown."""

import asyncio
import json
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from tests.models.standin_hub import on_this_machine
from tests.predicting.finished import CLASSES, adapted, encoded, picture, ticket_of

import tombola

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


def of_page(name: str, folder: Path) -> Path:
    """A program of all that a page shows of Python."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / f"docs/how-to/{name}.md").read_text("utf-8"), re.DOTALL)
    script = folder / f"{name.replace('-', '_')}.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    return script


def test_the_page_on_a_loop_of_ones_own_runs(tmp_path: Path, output: Output) -> None:
    output(of_page("your-own-loop", tmp_path))
    assert (tmp_path / "mine.ticket").exists()


def test_the_page_on_trackers_runs(tmp_path: Path, output: Output) -> None:
    pytest.importorskip("tensorboard")
    pytest.importorskip("mlflow")
    output(of_page("track", tmp_path))
    assert [*(tmp_path / "logs").rglob("events.*")]
    assert [*(tmp_path / "runs").rglob("metrics/loss")]


@pytest.mark.enable_socket
@pytest.mark.filterwarnings("ignore")
def test_the_page_on_hubs_runs(tmp_path: Path, output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    with on_this_machine(tmp_path / "cache", monkeypatch) as hub:
        assert output(of_page("share", tmp_path)) == f"{hub.address}/me/flowers\n"
    assert (tmp_path / "flowers" / "model.ticket").read_bytes() == hub.files("me/flowers")["model.ticket"]


def test_the_page_on_serving_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi")
    ticket_of(adapted(), tmp_path / "adapted.ticket")
    monkeypatch.chdir(tmp_path)
    app = runpy.run_path(str(of_page("serve", tmp_path)))["app"]
    told = json.loads(asyncio.run(posted(app, encoded(picture(1)))))
    assert told["label"] == tombola.load("adapted.ticket").predict(encoded(picture(1))).label
    assert len(told["top"]) == len(CLASSES)


async def posted(app: Any, body: bytes) -> bytes:
    """What a web application answers to a POST of this body, without a server between."""
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    assert answered[0]["status"] == 200
    return b"".join(message.get("body", b"") for message in answered)


def test_the_scheme_of_the_page_on_members_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block, *_) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/how-to/add-a-member.md").read_text("utf-8"), re.DOTALL
    )
    (tmp_path / "schemes").mkdir()
    (tmp_path / "schemes" / "spared.py").write_text(block, encoding="utf-8")
    monkeypatch.setenv("TOMBOLA_PATH", str(tmp_path))
    kept = tombola.draw("resnet8", "spared", sparsity=0.75).masks.counts()
    (_, first), *later = kept.items()
    assert first[0] == first[1]
    assert all(4 * left == whole for _, (left, whole) in later)
