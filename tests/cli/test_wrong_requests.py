"""Wrong requests through the command line: exit code 2, the reason, and nothing left behind."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tombola.cli.main import app


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(folder: Path, *words: str | Path) -> str:
    """What a refused request says, having left nothing in the folder that was not there."""
    before = sorted(folder.rglob("*"))
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 2, result.output
    assert sorted(folder.rglob("*")) == before, "something was left behind"
    assert result.stdout == ""
    return result.stderr


def test_an_unknown_scheme_offers_the_near_name(tmp_path: Path) -> None:
    said = refused(tmp_path, "draw", "resnet8", "--scheme", "opm", "-o", "x.ticket")
    assert "unknown scheme 'opm', did you mean 'omp'?" in said


def test_a_sparsity_above_one_says_what_is_allowed(tmp_path: Path) -> None:
    said = refused(tmp_path, "draw", "resnet8", "--set", "sparsity=1.2", "-o", "x.ticket")
    assert "sparsity=1.2" in said
    assert "less than 1" in said


def test_an_unknown_option_offers_the_near_name(tmp_path: Path) -> None:
    said = refused(tmp_path, "draw", "resnet8", "--set", "sparsty=0.5", "-o", "x.ticket")
    assert "did you mean 'sparsity'?" in said


def test_a_missing_ticket_is_named(tmp_path: Path) -> None:
    assert "gone.ticket" in refused(tmp_path, "show", "gone.ticket")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    assert "gone.safetensors" in refused(tmp_path, "draw", "path:gone.safetensors", "-o", "x.ticket")


def test_an_output_that_exists_is_not_replaced(tmp_path: Path) -> None:
    Path("x.ticket").write_text("precious", encoding="utf-8")
    assert "--overwrite" in refused(tmp_path, "draw", "resnet8", "-o", "x.ticket")
    assert Path("x.ticket").read_text(encoding="utf-8") == "precious"


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("exploded"),)  # type: ignore[return-value]  # any callable will do


def test_a_pickle_with_code_in_it_is_refused_unread(tmp_path: Path) -> None:
    Path("evil.pt").write_bytes(pickle.dumps({"model": _Bomb()}))
    said = refused(tmp_path, "draw", "path:evil.pt", "--set", "model.arch=resnet8", "-o", "x.ticket")
    assert "evil.pt" in said
    assert "pickle" in said
    assert not Path("exploded").exists()


def test_a_folder_without_classes_says_what_is_expected(tmp_path: Path) -> None:
    Path("pictures").mkdir()
    said = refused(tmp_path, "pretrain", "resnet8", "--task", "folder:pictures", "-o", "x.safetensors")
    assert "pictures" in said
    assert "folder" in said


def pictures(classes: Sequence[str] = ("cat", "dog"), each: int = 6) -> Path:
    """A folder of small noise pictures."""
    rng = np.random.default_rng(0)
    for name in classes:
        folder = Path("pictures", name)
        folder.mkdir(parents=True)
        for number in range(each):
            pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.jpg")
    return Path("pictures")


def test_a_truncated_jpeg_is_named_and_the_rest_usable_by_option(tmp_path: Path) -> None:
    broken = pictures() / "cat" / "3.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    said = refused(tmp_path, "pretrain", "resnet8", "--task", "folder:pictures", "-o", "x.safetensors")
    assert "3.jpg" in said
    assert "skip" in said


def test_a_study_with_three_mistakes_reports_all_three(tmp_path: Path) -> None:
    Path("study.yaml").write_text(
        "modle: resnet8\n"
        "model: resnet8\n"
        "source: glyphs\n"
        "pretrain: {epochs: 4}\n"
        "draw: {name: omp, sparsity: 1.2}\n"
        "target: digits\n"
        "transfer: linear\n"
        "measure: accuracy\n",
        encoding="utf-8",
    )
    said = refused(tmp_path, "run", "study.yaml")
    assert "modle" in said
    assert "4ep" in said or "'20ep'" in said
    assert "1.2" in said
    assert "3 problems" in said


def test_a_missing_study_names_the_recipes(tmp_path: Path) -> None:
    assert "demo" in refused(tmp_path, "run", "dmeo")


def test_a_damaged_ticket_is_one_clear_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["draw", "resnet8", "-o", "x.ticket"]).exit_code == 0
    data = bytearray(Path("x.ticket").read_bytes())
    data[len(data) // 2] ^= 1
    Path("x.ticket").write_bytes(bytes(data))
    said = refused(tmp_path, "show", "x.ticket")
    assert said.startswith("error: ")
    assert len(said.splitlines()) <= 3


def test_a_set_without_a_value_says_how_to_write_it(tmp_path: Path) -> None:
    said = refused(tmp_path, "draw", "resnet8", "--set", "sparsity", "-o", "x.ticket")
    assert "sparsity=0.9" in said


LONG = "x" * 5000


def study(**more: str) -> str:
    """A small study file, with more lines."""
    lines = {"model": "resnet8", "source": "glyphs", "target": "digits", "transfer": "linear", **more}
    Path("study.yaml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()), encoding="utf-8")
    return "study.yaml"


@pytest.mark.parametrize(
    "words",
    [
        ["show", LONG],
        ["show", f"{LONG}.ticket"],
        ["run", LONG],
        ["run", f"{LONG}.yaml"],
        ["draw", LONG, "-o", "x.ticket"],
        ["draw", f"path:{LONG}", "-o", "x.ticket"],
        ["draw", "resnet8", "--scheme", LONG, "-o", "x.ticket"],
        ["draw", "resnet8", "-o", LONG],
        ["draw", "resnet8", "--set", f"{LONG}=1", "-o", "x.ticket"],
        ["draw", "resnet8", f"--{LONG}"],
        ["draw", "resnet8", "--seed", LONG, "-o", "x.ticket"],
        ["pretrain", "resnet8", "--task", f"folder:{LONG}", "-o", "x.safetensors"],
        ["pretrain", "resnet8", "--task", f"pack:{LONG}", "-o", "x.safetensors"],
        ["plan", "study.yaml", "--store", LONG],
        ["report", "study.yaml", "--out", LONG],
        ["plan", "study.yaml", "--set", f"name={LONG}"],
        ["plan", "named.yaml"],
        ["adopt", LONG, "--model", "resnet8", "-o", "x.ticket"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_names_of_5000_characters_are_one_short_error(tmp_path: Path, words: list[str]) -> None:
    Path(study(name=LONG)).rename("named.yaml")
    study()
    said = refused(tmp_path, *words)
    assert said.startswith("error: ")
    assert len(said) < 1500


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["draw", "resnet8", "--seed", "99999999999999999999", "-o", "x.ticket"], "9223372036854775807"),
        (["plan", "study.yaml", "--set", "seed=99999999999999999999"], "beyond 64 bits"),
        (["pretrain", "resnet8", "--task", "digits", "--set", "optimizer.lr=.inf", "-o", "x"], "finite number"),
        (["pretrain", "resnet8", "--task", "digits", "--set", "optimizer.lr=.nan", "-o", "x"], "finite number"),
        (["plan", "study.yaml", "--set", "draw.sparsity=.nan,.5"], "nan is no label"),
        (["draw", "resnet8", "--set", "sparsity=[[[", "-o", "x"], "is no value"),
        (["draw", "resnet8", "--set", f"sparsity={'1' * 5000}", "-o", "x"], "is no value"),
        (["draw", "resnet8", "--set", f"sparsity={'[' * 5000}", "-o", "x"], "more than 64 levels"),
        (["draw", "resnet8", "--set", "pattern=stripe:99999999999999999999", "-o", "x"], "1 to 4096"),
        (["draw", "resnet8", "--scheme", "", "-o", "x"], "unknown scheme ''"),
        (["run", "study.yaml", "--store", "/proc/x"], "the store /proc/x cannot be made"),
        (["run", "study.yaml", "--out", "study.yaml"], "study.yaml is a file"),
        (["report", "study.yaml", "--out", "study.yaml"], "study.yaml is a file"),
        (["plan", "study.yaml", "--store", ""], "is no place"),
        (["plan", "study.yaml", "--store", "file://"], "is no place"),
        (["run", "study.yaml", "--store", "study.yaml"], "is not a folder"),
        (["store", "ls", "--store", "study.yaml"], "is not a folder"),
        (["store", "gc", "--store", "study.yaml"], "is not a folder"),
        (["run", "study.yaml", "--runner", "{a"], "no mapping of options"),
        (["adopt", "study.yaml", "--model", "resnet8", "--rename", "(=x", "-o", "x"], "is no regular expression"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, list) else "",
)
def test_what_was_a_traceback_or_taken_silently_is_refused(tmp_path: Path, words: list[str], expected: str) -> None:
    study()
    said = refused(tmp_path, *words)
    assert said.startswith("error: ")
    assert expected in said


@pytest.mark.parametrize("device", ["nope", "cuda:99", "meta", "", LONG])
@pytest.mark.parametrize("verb", ["run", "draw", "pretrain", "transfer", "measure"])
def test_a_device_that_is_not_there_is_refused_before_anything_runs(tmp_path: Path, verb: str, device: str) -> None:
    words = {
        "run": ["run", study()],
        "draw": ["draw", "resnet8", "-o", "y.ticket"],
        "pretrain": ["pretrain", "resnet8", "--task", "digits", "-o", "y.safetensors"],
        "transfer": ["transfer", "x.ticket", "--task", "digits", "-o", "y.ticket"],
        "measure": ["measure", "resnet8", "--task", "digits"],
    }[verb]
    said = refused(tmp_path, *words, "--device", device)
    assert "cannot be used" in said
    assert len(said) < 2000
