"""What is shipped, on new files, where neither Tombola nor torch is: it must tell what `tombola predict` tells.

The place is a virtual environment of its own with numpy, Pillow and onnxruntime, run without anything of this one. New
files are made of old ones: mirrored, cut and saved as something else, so that no net has seen them and every way to
read a picture is gone.
"""

import csv
import io
import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from benchmarks.make_jobs import Job
from PIL import Image

import tombola
from tombola.data._pictures import pixels_of
from tombola.tasks._base import Task

COUNT: Final = 200
NEEDS: Final = ("numpy", "pillow", "onnxruntime")
_ABSENT: Final = ("tombola", "torch", "timm", "transformers")
_SAVED: Final = (("jpg", "RGB"), ("png", "RGBA"), ("bmp", "L"), ("JPG", "CMYK"), ("png", "P"))
_ASKS: Final = "import importlib.util as u, sys; sys.exit(any(u.find_spec(name) for name in sys.argv[1:]))"


def environment(place: Path) -> Path:
    """The interpreter of a new environment that has `NEEDS` alone, in the versions of this one."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    constraints = Path(__file__).parents[1] / "constraints.txt"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(constraints)]
    subprocess.run([*pip, *NEEDS], check=True)
    subprocess.run([str(python), "-c", _ASKS, *_ABSENT], check=True, env=_nothing())
    return python


def alike_alone(job: Job, made: Path, python: Path, scratch: Path) -> dict[str, float]:
    """By what was asked, the part of the new files that it tells as `tombola predict` does of the same model."""
    files, found = new_files(job, scratch / "new"), {}
    for name, net in forms(made, job, scratch).items():
        ours = told([sys.executable, "-m", "tombola", "predict", str(net)], files)
        home = net if net.is_dir() else net.parent
        if (home / "predict.py").is_file():
            found[f"{name}, predict.py"] = same(ours, told([str(python), str(home / "predict.py")], files, _nothing()))
        if (home / "classify.c").is_file():
            both = classified(net, files, scratch / f"{name}-ppm") if job.pictures else lines_classified(net, files[0])
            found[f"{name}, classify"] = same(*both)
    return found


def forms(made: Path, job: Job, scratch: Path) -> dict[str, Path]:
    """What was shipped, and the ticket beside it once more as ONNX and as C."""
    shipped = {"shipped C": made / "native", "shipped ONNX": made / "onnx" / "net.onnx"}
    found = {name: path for name, path in shipped.items() if path.exists()}
    (scratch / "onnx").mkdir()
    onnx, native = scratch / "onnx" / "net.onnx", scratch / "native"
    words = {} if job.pictures else {"tokenizer": job.model.partition(":")[2]}
    tombola.export(None, made / "model.ticket", {"name": "onnx", "predict": True, **words}, onnx)
    tombola.export(None, made / "model.ticket", {"name": "native", **words}, native)
    return {**found, "ONNX": onnx, "C": native}


def told(command: Sequence[str], files: Sequence[str], around: dict[str, str] | None = None) -> list[str]:
    """The labels that a program tells, in the order of the files."""
    done = subprocess.run(
        [*command, *files, "--top", "1", "--json"], stdout=subprocess.PIPE, text=True, check=True, env=around
    )
    return [str(one["label"]) for one in json.loads(done.stdout)]


def same(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """The part that is told alike."""
    return float(np.mean([one == other for one, other in zip(ours, theirs, strict=True)]))


def classified(net: Path, files: Sequence[str], place: Path) -> tuple[list[str], list[str]]:
    """What Tombola and the program in C tell of the same pictures, made ready and saved as PPM."""
    place.mkdir()
    notes: dict[str, Any] = json.loads((net / "net.json").read_text("utf-8"))
    ready = notes["adapted"]["preprocessing"]
    names = [place / f"{number:03}.ppm" for number in range(len(files))]
    for file, name in zip(files, names, strict=True):
        pixels = pixels_of(Path(file), int(notes["image"][-1]), float(ready.get("crop", 1.0)))
        Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0))).save(name)
    subprocess.run(["make", "--quiet", "classify"], cwd=net, check=True, env=_nothing())
    done = subprocess.run(
        ["./classify", str(place)], cwd=net, stdout=subprocess.PIPE, text=True, check=True, env=_nothing()
    )
    theirs = dict(line.split("\t")[:2] for line in done.stdout.splitlines())
    model = tombola.load(net)  # with images of this size it takes the whole of them
    ours = [model.predict(Path(file)).label for file in files]
    return ours, [theirs[next(key for key in (str(name), name.name) if key in theirs)] for name in names]


def lines_classified(net: Path, table: str) -> tuple[list[str], list[str]]:
    """What Tombola and the program in C tell of the same texts, a line each."""
    with Path(table).open(encoding="utf-8", newline="") as file:
        texts = [" ".join(row["text"].split()) for row in csv.DictReader(file)]
    subprocess.run(["make", "--quiet", "classify"], cwd=net, check=True, env=_nothing())
    lines = "".join(f"{text}\n" for text in texts)
    done = subprocess.run(
        ["./classify", "-"], cwd=net, input=lines, stdout=subprocess.PIPE, text=True, check=True, env=_nothing()
    )
    model = tombola.load(net)
    return [model.predict(text).label for text in texts], [line.split("\t")[1] for line in done.stdout.splitlines()]


def new_files(job: Job, folder: Path) -> list[str]:
    """`COUNT` pictures in a folder, each a file; or a table with as many texts."""
    folder.mkdir(parents=True)
    return _new_pictures(job, folder) if job.pictures else [str(_new_texts(job, folder / "new.csv"))]


def _new_pictures(job: Job, folder: Path) -> list[str]:
    drawn = np.random.default_rng(20)
    for number, picture in enumerate(_pictures(job)):
        suffix, mode = _SAVED[number % len(_SAVED)]
        wide, tall = picture.size
        left, top = (int(drawn.integers(0, max(1, side // 5))) for side in (wide, tall))
        changed = picture.crop((left, top, wide, tall)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        changed.convert(mode).save(folder / f"{number:03}.{suffix}")
    return sorted(map(str, folder.iterdir()))


def _pictures(job: Job) -> list[Image.Image]:
    """Pictures of the examples, as RGB."""
    if not job.of_files:
        pixels = Task.parse(job.examples).splits().test.pixels_at(torch.arange(COUNT))  # type: ignore[attr-defined]
        return [Image.fromarray(one.permute(1, 2, 0).numpy().squeeze()).convert("RGB") for one in pixels]
    files = sorted(file for file in Path(job.examples).glob("*/*") if file.suffix.lower() == ".jpg")
    good = [file for file in files if file.stem != "broken"]
    return [Image.open(file).convert("RGB") for file in good[:: len(good) // COUNT][:COUNT]]


def _new_texts(job: Job, table: Path) -> Path:
    """Two sentences of the examples after each other."""
    rows = [row["text"] for row in csv.DictReader(io.StringIO(Path(job.examples).read_text("utf-8")))]
    step = len(rows) // (2 * COUNT)
    pairs = zip(rows[::step][:COUNT], rows[step // 2 :: step][:COUNT], strict=True)
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([f"{one} {other}"] for one, other in pairs)])
    return table


def _nothing() -> dict[str, str]:
    """Variables without any that lead to this environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
