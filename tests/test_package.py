"""What is public, what is fast, and that the floors hold."""

import subprocess
import sys
import time
from pathlib import Path

import tombola

ROOT = Path(__file__).parents[1]


def test_the_public_names_are_these() -> None:
    assert tombola.__all__ == [
        "Attached",
        "Enforcer",
        "Fit",
        "Masks",
        "Network",
        "Normalise",
        "Session",
        "Source",
        "Steps",
        "Ticket",
        "Tracking",
        "adopt",
        "draw",
        "export",
        "load",
        "measure",
        "pretrain",
        "rungs",
        "transfer",
    ]


def test_every_public_name_can_be_had() -> None:
    for name in tombola.__all__:
        assert getattr(tombola, name).__doc__, name


def test_importing_tombola_imports_nothing_heavy() -> None:
    heavy = "torch torchvision timm matplotlib sklearn scipy constriction accelerate rich numpy"
    check = f"import sys, tombola; found = set({heavy!r}.split()) & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_the_help_imports_no_torch_and_is_fast() -> None:
    check = "import sys; from tombola.cli.main import app; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "tombola", "--help"], check=True, capture_output=True)
    assert time.perf_counter() - start < 5, "a second on an idle machine"


def test_the_floors_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = [path.name for path in (ROOT / "src").rglob("*.py") if len(path.read_text("utf-8").splitlines()) > 400]
    assert not long
