"""Three studies from empty stores: the same rows byte for byte, and the same verdicts on another instruction set.

    python results/evidence/rerun.py            some ten minutes of one core
    python results/evidence/rerun.py --quick    two minutes or so: fewer cells, shorter trainings

Writes rerun.md beside this file.

Each study is run twice as it is, and once more with ``ATEN_CPU_CAPABILITY=default``, where torch uses no AVX. They are
recipes with fewer cells and shorter trainings, so that nine runs end soon, and hold what the evidence is made of:
images and texts, natural and adversarial pretraining, masks in one shot, by chance, level by level against PGD and
learned, linear evaluation and finetuning, attacks. Their data come with Python and Tombola. The exit code is 1 where
rows differ on the same machine or a verdict on the other instruction set.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, it finds those beside it

from results.evidence.wording import table

from tombola.report.curves import read_results
from tombola.report.judged import judge
from tombola.rows import Row, read_rows

ROOT: Final = Path(__file__).parents[2]
OUT: Final = Path(__file__).with_name("rerun.md")
OTHER: Final = {"ATEN_CPU_CAPABILITY": "default"}

Verdicts = Mapping[tuple[str, ...], object]
"""What is said, by what it is said of."""


@dataclass(frozen=True)
class Asked:
    """A recipe, with what makes it short, and what makes it shorter still."""

    recipe: str
    sets: tuple[str, ...]
    quick: tuple[str, ...]

    def command(self, *, quick: bool) -> list[str]:
        """What runs it, but for the places."""
        given = dict(one.split("=", 1) for one in (*self.sets, *(self.quick if quick else ())))
        sets = [word for axis, level in given.items() for word in ("--set", f"{axis}={level}")]
        return ["run", self.recipe, *sets, "--runner", "inline"]


STUDIES: Final = (
    Asked(
        "demo",
        ("draw.sparsity=0.0,0.9", "source.num_train=6000", "pretrain.epochs=3ep"),
        ("source.num_train=300", "pretrain.epochs=1ep", "transfer=linear"),
    ),
    Asked(
        "bert-tickets/demo",
        ("draw.sparsity=0.0,0.7", "pretrain.epochs=300it", "pretrain.warmup=30it", "transfer.fit.epochs=4ep"),
        ("pretrain.epochs=20it", "pretrain.warmup=5it", "transfer.fit.epochs=1ep"),
    ),
    Asked(
        "results/every-way-to-draw/glyphs-to-digits.yaml",
        ("scheme=OMP,A-IMP-US,LMP", "draw.pattern=element,stripe:4", "draw.sparsity=0.931", "transfer=linear",
         "source.num_train=3000", "pretrain.epochs=2ep"),
        ("scheme=OMP,LMP", "source.num_train=300", "pretrain.epochs=1ep"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """What one run of a study gave."""

    text: bytes
    rows: Sequence[Row]
    machine: str
    seconds: float


@dataclass(frozen=True)
class Rerun:
    """A study run twice alike and once otherwise."""

    command: str
    first: Ran
    again: Ran
    other: Ran

    @property
    def same(self) -> bool:
        """Whether both runs alike gave the same bytes."""
        return self.first.text == self.again.text

    @property
    def moved(self) -> int:
        """How many rows have another value on the other instruction set."""
        return sum(one.value != two.value for one, two in zip(self.first.rows, self.other.rows, strict=True))

    @property
    def turned(self) -> list[tuple[str, ...]]:
        """The verdicts that are others there."""
        ours, theirs = verdicts(self.first.rows), verdicts(self.other.rows)
        return sorted(what for what in {*ours, *theirs} if ours.get(what) != theirs.get(what))


def verdicts(rows: Sequence[Row]) -> Verdicts:
    """As `tombola verdict` says them, without their numbers: how sparse each prior may get, and which one is ahead."""
    found: dict[tuple[str, ...], object] = {}
    for one in judge(read_results(rows, "prior")):
        for name, by_rule in one.matching.items():
            for rule, bracket in by_rule.items():
                found[one.place, str(name), f"matches ({rule})"] = (bracket.up_to, bracket.then_outcome)
        for duel in one.duels:
            both = " and ".join(sorted((str(duel.leader), str(duel.other))))
            found[one.place, both, f"ahead at {duel.sparsity:g}"] = duel.outcome
    return found


def ran(asked: Asked, place: Path, *, quick: bool, **environment: str) -> Ran:
    """One run from an empty store in a folder that is not there yet."""
    before = _seconds()
    command = [sys.executable, "-m", "tombola", *asked.command(quick=quick)]
    subprocess.run(
        [*command, "--store", str(place / "store"), "--out", str(place / "out")],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    (file,) = (place / "out").glob("*/rows.jsonl")
    about = json.loads(file.with_name("about.json").read_text(encoding="utf-8"))
    versions = ", ".join(f"{name} {value}" for name, value in about["versions"].items())
    machine = ", ".join(f"{name} {value}" for name, value in about["machine"].items())
    return Ran(file.read_bytes(), read_rows(file), f"{machine}; {versions}", _seconds() - before)


def _seconds() -> float:
    """Processor time of all processes that have ended under this one."""
    spent = os.times()
    return spent.children_user + spent.children_system


def rerun(asked: Asked, *, quick: bool) -> Rerun:
    """Three runs of a study."""
    with tempfile.TemporaryDirectory() as folder:
        first, again = (ran(asked, Path(folder) / name, quick=quick) for name in ("first", "again"))
        other = ran(asked, Path(folder) / "other", quick=quick, **OTHER)
    told = " ".join(f"'{word}'" if " " in word else word for word in asked.command(quick=quick))
    return Rerun(f"tombola {told}", first, again, other)


COLUMNS: Final = ("study", "rows", "twice alike", "sha256", "values that differ", "verdicts that differ", "seconds")
HEAD: Final = """\
# Studies run again

Written by `python results/evidence/rerun.py{quick}`: each study twice from an empty store, and once more with
`ATEN_CPU_CAPABILITY=default`, on one thread. *Twice alike*: the two files of rows. *Differ*: on the other instruction
set. Verdicts are those of `tombola verdict`. *Seconds*: processor time of the three runs.
"""


ANOTHER: Final = """\
Those are of one pretraining of each prior. Another instruction set leads to other last bits and so to another
pretraining, and how pretrainings vary is in no interval of theirs.
"""


def told(found: Sequence[Rerun], *, quick: bool = False) -> str:
    """The text of rerun.md."""
    turned = [f"- `{_name(one)}`: {', '.join(what)}" for one in found for what in one.turned]
    parts = [HEAD.format(quick=" --quick" if quick else ""), table(COLUMNS, [_line(one) for one in found]), ""]
    parts += ["Verdicts that differ:", "", *turned, "", ANOTHER] if turned else []
    parts += ["The studies, cut so that nine runs end soon:", ""]
    parts += [*(f"- `{one.command}`" for one in found), "", "Where it was run:", ""]
    machines = dict.fromkeys(f"- {each.machine}" for one in found for each in (one.first, one.other))
    return "\n".join([*parts, *machines, ""])


def _line(one: Rerun) -> list[str]:
    rows = len(one.first.rows)
    alike = "byte for byte" if one.same else "**not the same**"
    seconds = ", ".join(f"{each.seconds:.0f}" for each in (one.first, one.again, one.other))
    said = f"{len(one.turned)} of {len(verdicts(one.first.rows))}"
    digest = sha256(one.first.text).hexdigest()[:16]
    return [f"`{_name(one)}`", str(rows), alike, digest, f"{one.moved} of {rows}", said, seconds]


def _name(one: Rerun) -> str:
    return one.command.split()[2]


def main(arguments: Sequence[str]) -> int:
    """Run, print, write; 1 where rows or verdicts differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer cells, shorter trainings")
    quick = parser.parse_args(arguments).quick
    found = [rerun(asked, quick=quick) for asked in STUDIES]
    text = told(found, quick=quick)
    print(text)
    OUT.write_text(text, encoding="utf-8")
    return 0 if all(one.same and not one.turned for one in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
