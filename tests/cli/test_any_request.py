"""Whatever is asked: it is done, or refused in one short message with exit code 2 that leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tombola.cli.main import app

STUDY = ["model: resnet8", "source: glyphs", "target: digits", "draw: omp", "transfer: linear"]
VALUES = st.sampled_from(
    [
        "", "0", "-1", "1e400", ".nan", "-.inf", "null", "true", "[]", "{}", "[[1]]", "{a: b}", "{name: x}",
        "{name: [1]}",
        "a" * 300, "\u202e\x07", "\udc80x", "a\nb", "1" * 30, "0x7fffffffffffffff", "8/0", "1e-400", "!!int x", "*a",
        "- 1",
        "a: b", "2026-01-01", "12:30:45", "'", "{", "omp", "random:3", "/", "/dev/null", "..", "~nouser/x", "d", "f",
        "pack:p.npz", "folder:d", "folder:", "path:", "path:f", "timm:", "torchvision:resnet18@NOPE", "resnet8@x",
        "robust:resnet18-l2-eps9999", "9" * 400 + "ep", "0ep", "1.5it", "stripe:0", "nm:9:1", "block:0x0",
    ]
) | st.text(alphabet="ab[]{}:,'\"\\/.01-+ *&!|>%=", max_size=12)  # fmt: skip
PATHS = st.sampled_from(
    [
        "sparsity", "pattern", "pattern.size", "score", "budget.layers", "latency", "prunable", "objective.attack.eps",
        "optimizer.lr", "epochs", "model.width", "model.mean", "model.rename", "task.size", "task.num_train", "name",
        "",
        ".", "sparsity.x", "fit.epochs", "of.sparsity", "reference.name", "draw", "draw.sparsity", "measure.0", "seed",
        "axes.seed", "pretrain.epochs", "source.num_train", "target", "transfer.fit", "prior.a",
    ]
)  # fmt: skip
SETS = st.lists(st.builds("{}={}".format, PATHS, VALUES), max_size=3).map(
    lambda texts: [word for text in texts for word in ("--set", text)]
)
LINES = st.lists(
    st.builds("{}: {}".format, PATHS | st.sampled_from(["axes", "title", "pretrain", "draw_on"]), VALUES)
    | st.builds("axes:\n  {}: [{}, {}]".format, PATHS, VALUES, VALUES)
    | VALUES,
    max_size=3,
)


def request(*words: str | st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """The words, some of them drawn."""
    return st.tuples(*(st.just(word) if isinstance(word, str) else word for word in words)).map(list)


def extended(words: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    return st.builds(list.__add__, words, SETS)


REQUESTS = st.one_of(
    extended(request("draw", VALUES | st.just("resnet8"), "-o", "o.ticket")),
    extended(request("draw", "resnet8", "--scheme", VALUES, "-o", "o.ticket")),
    extended(request("draw", "resnet8", "--seed", VALUES, "--values", VALUES, "-o", VALUES)),
    extended(request("pretrain", "resnet8", "--task", VALUES, "-o", "o.safetensors")),
    extended(request("measure", VALUES, "--property", VALUES)),
    extended(request("export", VALUES, "--to", VALUES, "-o", "out")),
    extended(request("adopt", "m.npz", "--model", "resnet8", "--rename", VALUES, "-o", "o.ticket")),
    extended(request("plan", "s.yaml")),
    extended(request("plan", "s.yaml", "--store", VALUES)),
    request("plan", "y.yaml"),
    request("report", "s.yaml", "--out", VALUES, "--by", VALUES, "--png", VALUES),
    request("verdict", "s.yaml", "--where", VALUES, "--dense", VALUES),
    request("show", VALUES),
    request("show", VALUES, VALUES),
    request("list", VALUES),
    request("store", "ls", "--store", VALUES),
    request(VALUES, VALUES),
)


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text("\n".join(STUDY), encoding="utf-8")
    Path("f").write_text("x", encoding="utf-8")
    Path("d").mkdir()
    np.savez("p.npz", x=np.zeros((20, 8, 8), np.uint8), y=np.arange(20) % 2)
    np.savez("m.npz", **{"conv1.weight_mask": np.ones((16, 3, 3, 3), bool)})  # type: ignore[arg-type]  # by name


@pytest.mark.usefixtures("_here")
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS, LINES)
def test_any_request_is_done_or_refused(tmp_path: Path, words: list[str], lines: list[str]) -> None:
    Path("y.yaml").write_text("\n".join([*STUDY, *lines]), encoding="utf-8", errors="surrogateescape")
    before = {path for path in tmp_path.rglob("*") if path.name != "o.ticket"}
    result = CliRunner().invoke(app, words)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (0, 2), result.output
    if result.exit_code == 2:
        assert result.stderr.startswith(("error: ", "Usage: ")), result.stderr[:100]
        assert len(result.stderr) < 3000
        assert {path for path in tmp_path.rglob("*") if path.name != "o.ticket"} <= before
