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


def pack(path: Path, **arrays: object) -> str:
    """A pack of twenty gray images in two classes, with other arrays in place of some of it."""
    import numpy as np

    x, y = np.zeros((20, 8, 8), np.uint8), np.arange(20) % 2
    np.savez(path, **{"x": x, "y": y, **arrays})  # type: ignore[arg-type]  # arrays by name
    return f"pack:{path}"


def trained_on(task: str, *more: str) -> list[str]:
    """The request that reads a task's data."""
    return ["pretrain", "resnet8", "--task", task, *more, "-o", "x.safetensors"]


@finding("F8", "a pack without classes and a label of 2^40")
def far_label(folder: Path) -> str:
    """It counted to 2^40."""
    import numpy as np

    path = folder / "far.npz"
    return all_refused(folder, [(trained_on(pack(path, y=np.array([0, 1 << 40] * 10))), "no classes that name it")])


@finding("F8", "a PNG of 1 x 60,000 pixels")
def line(folder: Path) -> str:
    """It was resized to three thousand million pixels before it was cropped."""
    import resource

    import numpy as np
    from PIL import Image

    for name in ("cat/1.png", "dog/1.png"):
        (folder / name).parent.mkdir()
        Image.new("RGB", (1, 60_000)).save(folder / name)
    asked(folder, *trained_on(pack(folder / "x.npz", y=np.array([0, 1 << 40] * 10))))  # torch is there now
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    all_refused(folder, [(trained_on(f"folder:{folder}"), "more than 64 times as long as wide")])
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    expect(taken < 300, f"{taken:.0f} MB")
    return f"refused for {taken:.0f} MB"


@finding("F11", "a pack with a wrong tile, or short names")
def wrong_packs(folder: Path) -> str:
    """Wrong shapes, NaN, names of fewer images than there are."""
    import numpy as np

    def sheet(name: str, tile: object) -> str:
        offsets = np.array([0, 9])
        return pack(folder / name, sheets=np.zeros(9, np.uint8), sheet_offsets=offsets, tile=tile)

    broken = {"data": np.zeros(9, np.uint8), "offsets": np.array([0, 4, 9]), "names": np.array(["a"])[:0]}
    packs = [
        (sheet("flat.npz", np.array([8])), "expected height and width"),
        (sheet("nan.npz", np.array([8.0, np.nan])), "expected height and width"),
        (sheet("none.npz", np.array([0, 8])), "expected height and width"),
        (pack(folder / "names.npz", **broken), "the first is number 0"),
    ]
    return all_refused(folder, [(trained_on(path, "--set", "task.size=8"), words) for path, words in packs])


@finding("F12", "classes without an image, or with one")
def bare_classes(folder: Path) -> str:
    """The first is refused by name; of the second it is said that it is never tested."""
    import warnings

    import numpy as np

    from tombola.data._base import Dataset

    classes = np.array(["cat", "dog", "eel"])
    all_refused(folder, [(trained_on(pack(folder / "bare.npz", classes=classes)), "to train on: eel")])
    y = np.array([0, 1] * 9 + [1, 2])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        Dataset.parse(pack(folder / "one.npz", y=y, classes=classes)).load()
    expect(any("never tested" in str(warning.message) and "eel" in str(warning.message) for warning in told), "unsaid")
    return "refused by name; said by name"


@finding("F8", "a study of 10^8 cells")
def cells(folder: Path) -> str:
    """Refused by their number, before any is made."""
    values = list(range(10))
    axes = "".join(f"  draw.a{number}: {values}\n" for number in range(8))
    (folder / "cells.yaml").write_text(f"{STUDY}axes:\n{axes}", encoding="utf-8")
    asked(folder, "plan", "gone.yaml")  # torch is there now
    begun = time.monotonic()
    all_refused(folder, [(["plan", "cells.yaml"], "100,000,000 cells")])
    return f"refused after {time.monotonic() - begun:.1f} s"


@finding("F8", "a study of 5,000 seeds", slow=True)
def seeds(folder: Path) -> str:
    """Planned in seconds, where a minute did not do."""
    (folder / "seeds.yaml").write_text(f"{STUDY}axes:\n  seed: {list(range(5000))}\n", encoding="utf-8")
    asked(folder, "plan", "study.yaml")
    begun = time.process_time()
    said = asked(folder, "plan", "seeds.yaml")
    taken = time.process_time() - begun
    expect(said.code == 0 and "5000 cells" in said.out, said.out[:100] + said.err[:200])
    expect(taken < 30, f"{taken:.0f} s")
    return f"planned in {taken:.0f} s"


@finding("F12", "a ticket measured beside another net")
def another_net(folder: Path) -> str:
    """Its density was printed as if the net were its own."""
    expect(asked(folder, "draw", "resnet8", "-o", "x.ticket").code == 0, "not drawn")
    expect(asked(folder, "draw", "resnet8", "--self-contained", "-o", "y.ticket").code == 0, "not drawn")
    end = ["--property", "density", "--model", "resnet20"]
    return all_refused(
        folder, [(["measure", name, *end], "is of resnet8, not of") for name in ("x.ticket", "y.ticket")]
    )


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
    said = tombola("draw", "resnet8", "--prunable", "cv_lth", folder=folder)
    expect(said.err.startswith("error: "), said.err[:40])
    return refused(said, "--set prunable=VALUE", "tombola draw --help")
