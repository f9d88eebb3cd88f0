"""The folder that `gpu.sh run` needs beside it on a machine without a network: project, images, wheels; 64 MiB at most.

python benchmarks/gpu_pack.py CARRIED [--data ../shared/data] [--python 3.12] [--no-wheels]
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LIMIT: Final = 64 * 2**20
PACKS: Final = ("tiny_imagenet/tiny_imagenet100_train.npz", "tiny_imagenet/tiny_imagenet100_val.npz",
                "caltech101/caltech101_96_train.npz", "caltech101/caltech101_96_test.npz")  # fmt: skip
PROJECT: Final = ("src", "benchmarks", "results/evidence/autoattacked.yaml")
WHEELS: Final = ("constriction", "pydantic", "pydantic_core", "annotated-types", "typing-inspection")
"""What an image with torch, torchvision, timm, accelerate and typer lacks of what Tombola imports."""
PLATFORMS: Final = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64")


def main() -> int:
    """Fill the folder; 1 where it came out too large."""
    options = arguments()
    folder = Path(options.carried)
    for name in PROJECT:
        copied(ROOT / name, folder / "project" / name)
    for name in PACKS:
        copied(Path(options.data) / name, folder / "data" / name)
    if not options.no_wheels:
        fetched(folder / "wheels", options.python)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{folder}: {size / 2**20:.1f} MiB of {LIMIT // 2**20}")
    print(f"there: {folder.name}/project/benchmarks/gpu.sh run {folder.name} $OUT")
    return 0 if size <= LIMIT else 1


def arguments() -> argparse.Namespace:
    """Where to, from where, for which Python."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("carried")
    parser.add_argument("--data", default=os.environ.get("TOMBOLA_DATA", str(ROOT / "../shared/data")))
    parser.add_argument("--python", default="3.12", help="the version that runs there")
    parser.add_argument("--no-wheels", action="store_true", help="the machine there has them")
    return parser.parse_args()


def copied(source: Path, target: Path) -> None:
    """A file or a folder, without what Python compiled."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


def fetched(folder: Path, python: str) -> None:
    """The wheels at the versions of constraints.txt, for another machine's Python."""
    folder.mkdir(parents=True, exist_ok=True)
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split() if "==" in line
    )
    where = [part for name in PLATFORMS for part in ("--platform", name)]
    machine = ["--python-version", python, "--implementation", "cp", *where]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *machine]
    subprocess.run([*command, "--dest", str(folder), *(f"{name}=={pins[name]}" for name in WHEELS)], check=True)


if __name__ == "__main__":
    sys.exit(main())
