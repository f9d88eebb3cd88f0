"""Wrong and hostile requests: each is one short error and exit code 2, and nothing is begun."""

import time
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Final

from benchmarks.repros.command import Said, refused, tombola
from benchmarks.repros.finding import expect, finding

LONG: Final = "x" * 5000
STUDY: Final = "model: resnet8\nsource: glyphs\ntarget: digits\ntransfer: linear\n"


def asked(folder: Path, *words: str) -> Said:
    """``tombola WORDS`` in this process, which has torch already; an exception is what it would print as a trace."""
    from typer.testing import CliRunner

    from tombola.cli.main import app

    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    with chdir(folder):
        result = CliRunner().invoke(app, list(words))
    expect(
        result.exception is None or isinstance(result.exception, SystemExit),
        f"tombola {' '.join(words)[:80]}: a traceback, {result.exception!r:.200}",
    )
    return Said(result.exit_code, result.stdout, result.stderr)


def all_refused(folder: Path, requests: Sequence[tuple[Sequence[str], str]]) -> str:
    """Each request is refused with its words in the error, which begins as all errors do, and leaves nothing."""
    for words, expected in requests:
        before = {*folder.rglob("*"), folder / "study.yaml"}
        said = asked(folder, *words)
        refused(said, expected)
        expect(said.err.startswith("error: "), f"begins with {said.err[:40]!r}")
        expect({*folder.rglob("*")} <= before, f"{' '.join(words)[:80]} left something behind")
    return f"{len(requests)} requests refused in a line or two each"


@finding("F11", "names of 5,000 characters")
def long_names(folder: Path) -> str:
    """As a file, a study, a model, an option, a folder, a store."""
    middle = "characters)..."
    (folder / "named.yaml").write_text(f"{STUDY}name: {LONG}\n", encoding="utf-8")
    return all_refused(
        folder,
        [
            (["show", LONG], middle),
            (["run", LONG], middle),
            (["run", f"{LONG}.yaml"], middle),
            (["draw", LONG, "-o", "x.ticket"], middle),
            (["draw", "resnet8", "-o", LONG], middle),
            (["draw", "resnet8", f"--{LONG}", "-o", "x.ticket"], middle),
            (["draw", "resnet8", "--set", f"{LONG}=1", "-o", "x.ticket"], middle),
            (["pretrain", "resnet8", "--task", f"folder:{LONG}", "-o", "x.safetensors"], middle),
            (["plan", "study.yaml", "--store", LONG], middle),
            (["report", "study.yaml", "--out", LONG], middle),
            (["plan", "named.yaml"], "up to 100 letters"),
        ],
    )


@finding("F11", "numbers that are none, or too large")
def numbers(folder: Path) -> str:
    """NaN, infinity, more than 64 bits, 5,000 digits."""
    return all_refused(
        folder,
        [
            (["draw", "resnet8", "--seed", "99999999999999999999", "-o", "x"], "9223372036854775807"),
            (["plan", "study.yaml", "--set", "seed=99999999999999999999"], "64 bits"),
            (["pretrain", "resnet8", "--task", "digits", "--set", "optimizer.lr=.inf", "-o", "x"], "finite"),
            (["draw", "resnet8", "--set", "sparsity=.nan", "-o", "x"], "finite"),
            (["plan", "study.yaml", "--set", "draw.sparsity=.nan,0.5"], "no label"),
            (["draw", "resnet8", "--set", f"sparsity={'1' * 5000}", "-o", "x"], "no value"),
        ],
    )


@finding("F11", "texts that cannot be read, places that cannot be written")
def texts_and_places(folder: Path) -> str:
    """Regular expressions, brackets, list keys, levels, ``--store`` and ``--out``."""
    (folder / "keys.yaml").write_text("? [a, b]\n: 1\n", encoding="utf-8")
    (folder / "deep.yaml").write_text(f"a: {'[' * 3000}", encoding="utf-8")
    return all_refused(
        folder,
        [
            (["adopt", "x.pt", "--model", "resnet8", "--rename", "(=x", "-o", "x"], "no regular expression"),
            (["draw", "resnet8", "--set", "sparsity=[[[", "-o", "x"], "no value"),
            (["draw", "resnet8", "--set", f"sparsity={'[' * 5000}", "-o", "x"], "more than 64 levels"),
            (["plan", "keys.yaml"], "unhashable"),
            (["plan", "deep.yaml"], "more than 64 levels"),
            (["run", "study.yaml", "--store", "/proc/x"], "cannot be made"),
            (["run", "study.yaml", "--out", "study.yaml"], "is a file"),
            (["report", "study.yaml", "--out", "study.yaml"], "is a file"),
        ],
    )


@finding("F8", "YAML aliases that multiply")
def laughs(folder: Path) -> str:
    """Nine to the eleventh values in 500 bytes, refused while they are counted."""
    lines = ["a0: &a0 [lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    (folder / "laughs.yaml").write_text("\n".join(lines), encoding="utf-8")
    asked(folder, "plan", "gone.yaml")  # torch is there now
    begun = time.monotonic()
    all_refused(folder, [(["plan", "laughs.yaml"], "more than 50,000 values")])
    return f"refused after {time.monotonic() - begun:.1f} s"


@finding("F12", "what was taken without a word")
def taken(folder: Path) -> str:
    """Empty names and places, a stripe wider than any layer."""
    return all_refused(
        folder,
        [
            (["plan", "study.yaml", "--store", ""], "is no place"),
            (["plan", "study.yaml", "--store", "file://"], "is no place"),
            (["draw", "resnet8", "--scheme", "", "-o", "x"], "unknown scheme ''"),
            (["draw", "resnet8", "--set", "pattern=stripe:99999999999999999999", "-o", "x"], "1 to 4096"),
        ],
    )


@finding("F13", "a device that is not there, a store that is a file")
def before_anything_runs(folder: Path) -> str:
    """Exit code 2, before a stage begins."""
    devices = [
        ["run", "study.yaml"],
        ["draw", "resnet8", "-o", "y.ticket"],
        ["pretrain", "resnet8", "--task", "digits", "-o", "y.safetensors"],
        ["transfer", "x.ticket", "--task", "digits", "-o", "y.ticket"],
        ["measure", "resnet8", "--task", "digits"],
    ]
    stores = [["run", "study.yaml"], ["plan", "study.yaml"], ["store", "ls"], ["store", "gc"], ["store", "verify"]]
    return all_refused(
        folder,
        [
            *(([*words, "--device", "cuda:99"], "cannot be used") for words in devices),
            *(([*words, "--store", "study.yaml"], "is not a folder") for words in stores),
        ],
    )


@finding("F13", "one style of error, in a process of its own")
def one_style(folder: Path) -> str:
    """The parser's own errors begin like all others, and say where the options are."""
    said = tombola("draw", "resnet8", "--sparsity", "0.9", folder=folder)
    expect(said.err.startswith("error: "), said.err[:40])
    return refused(said, "--set sparsity=VALUE", "tombola draw --help")
