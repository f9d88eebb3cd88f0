"""A race on toys that is killed at its writes, and two of them at once: run as a program, it prints what came of it.

    python -m tests.race.killing FOLDER KILLS

Processes are forked from this one, which has loaded everything and trained nothing. A process that is to die does so by
SIGKILL, before the n-th file that it opens, renames, makes or removes below the folder.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.race.test_race import TOY, TOY_DENSE, TOYS, clocked
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.race import known
from tombola.race import race as racing
from tombola.study import shipping
from tombola.study.store import Store

WORDS = (*TOY, "--max-drop", "100", "--minutes", "60")
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree")


def made(folder: Path, store: Path) -> int:
    """The exit code of one command."""
    result = CliRunner().invoke(app, ["make", *WORDS, "-o", str(folder), "--store", str(store)])
    if result.exit_code:
        sys.stderr.write(f"{result.output}\n{result.exception!r}\n")
    return int(result.exit_code)


def forked(work: Callable[[], int]) -> int:
    """The process that does it and ends."""
    if child := os.fork():
        return child
    os._exit(work())


def ended(child: int) -> int:
    """How a process ended: its exit code, or the signal as a negative number."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counting(home: Path, told: Callable[[int], None]) -> None:
    """Tell of every event below ``home`` that changes files, or opens one, its number."""
    count = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal count
        if event in EVENTS and args and str(args[0]).startswith(str(home)):
            count += 1
            told(count)

    sys.addaudithook(hook)


def whole(home: Path) -> tuple[dict[str, str], int]:
    """What an undisturbed run leaves, and how many events it has."""
    read, write = os.pipe()

    def work() -> int:
        last = [0]
        counting(home, lambda number: last.__setitem__(0, number))
        code = made(home / "made", home / "store")
        os.write(write, str(last[0]).encode())
        return code

    code = ended(forked(work))
    if code:
        raise SystemExit(f"an undisturbed run ended with {code}")
    return files(home / "made"), int(os.read(read, 99))


def killed(home: Path, at: int) -> int:
    """How a run ended that is killed before an event of this number."""

    def work() -> int:
        counting(home, lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == at else None)
        return made(home / "made", home / "store")

    return ended(forked(work))


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder as text or size; times, which differ from run to run, are left out."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".json" and file.parent == folder:
            told = json.loads(file.read_text("utf-8"))
            found[file.name] = json.dumps({name: told[name] for name in told if name in KEPT})
        elif file.suffix in (".txt", ".ticket", ".md"):
            found[file.name] = file.read_bytes().hex()
        elif file.is_file():
            found[str(file.relative_to(folder))] = ""
    return found


KEPT = ("winner", "dense", "held_out", "holds", "front", "steps", "request", "left_out")


def kills(home: Path, times: int) -> dict[str, Any]:
    """Kill a run so many times, each time the run that goes on; a run that ends is compared, and another one begun."""
    wanted, events = whole(home / "whole")
    luck, ends, deaths, lives = random.Random(0), list[bool](), 0, 0
    while deaths < times or not lives:
        place = home / f"killed{len(ends)}"
        code = killed(place, luck.randrange(1, events // 2) if deaths < times else 10**9)
        if code == -signal.SIGKILL:
            deaths += 1
            continue
        if code:
            raise SystemExit(f"a run that went on ended with {code}")
        ends.append(files(place / "made") == wanted)
        lives += 1
    return {"events": events, "kills": deaths, "same": ends}


def at_once(home: Path) -> dict[str, Any]:
    """Two commands on one store: which stages each of them made."""
    home.mkdir()

    def work(name: str) -> int:
        make = Store.try_make

        def noted(self: Store, stage: Any, session: Any) -> str:
            found = make(self, stage, session)
            if found == "made":
                with (home / "stages.txt").open("a") as stream:
                    stream.write(f"{stage.key}\n")
            return found

        Store.try_make = noted  # type: ignore[method-assign,assignment]  # this process ends with it
        return made(home / name, home / "store")

    codes = [ended(child) for child in [forked(lambda: work("one")), forked(lambda: work("two"))]]
    stages = (home / "stages.txt").read_text().split()
    same = files(home / "one") == files(home / "two")
    return {"codes": codes, "stages": len(stages), "different": len(set(stages)), "same": same}


def main(home: Path, times: int) -> None:
    """Print both as JSON."""
    patches = pytest.MonkeyPatch()
    patches.setattr(shipping, "bench", clocked)
    patches.setattr(known, "bench", clocked)
    patches.setattr(racing, "dense", lambda **_: TOY_DENSE)
    patches.setattr(racing, "ladders", lambda **_: TOYS)
    home.mkdir(exist_ok=True)
    os.chdir(home)
    sys.stdout.write(json.dumps({"kills": kills(home, times), "at_once": at_once(home / "both")}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
