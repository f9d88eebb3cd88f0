"""Write what the adviser knows (src/tombola/advising/known.json) from the studies' rows, and its regret table.

python -m results.adviser
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Final

from results.intervals import with_interval

from tombola.advising.known import SHIPPED, Features, Known, known_of, packed, unpacked
from tombola.advising.nearest import BASES, cases
from tombola.advising.regret import ADVISED, RIVALS, Regrets, regrets
from tombola.rows import read_rows

RESULTS: Final = Path(__file__).parents[1]
PAGE: Final = RESULTS / "adviser" / "README.md"

TASKS: Final[Mapping[str, Features]] = {
    "cifar10": Features(images=2000, classes=10),
    "fashion-mnist": Features(images=2000, classes=10),
    "caltech101": Features(images=1818, classes=101),
    "dtd10": Features(images=860, classes=10),
    "imagenette": Features(images=630, classes=10),
    "digits": Features(images=999, classes=10),
}


@dataclass(frozen=True)
class Source:
    """A study's rows, and what they do not say themselves."""

    name: str
    file: str
    adapted: str
    task: str = ""
    images: Mapping[str, int] = field(default_factory=dict)
    robust: str = ""
    """What its prior `robust` is."""

    def known(self, gaps: Mapping[str, float]) -> list[Known]:
        """What it tells."""
        tasks = {name: replace(of, adapted=self.adapted or None, gap=gaps.get(name),
                               images=self.images.get(name, of.images)) for name, of in TASKS.items()}  # fmt: skip
        rows = [row for row in read_rows(RESULTS / self.file) if row.cell.get("way") != "LMP"]  # ten times LMP's rate
        rows = [row.model_copy(update={"study": self.name}) for row in rows]
        found = known_of(rows, tasks, task=self.task)
        return [replace(one, prior=self.robust) if one.prior == "robust" else one for one in found]


SOURCES: Final = (
    Source("fig9", "evidence/robust-tickets-fig9-small/rows.jsonl", "linear"),
    Source("fig1", "evidence/robust-tickets-fig1-small/rows.jsonl", "finetune", images={"cifar10": 1000}),
    Source("another source", "evidence/cifar100-to-cifar10/rows.jsonl", "linear"),
    Source("larger net, linear", "evidence/resnet18-linear/rows.jsonl", "linear"),
    Source("larger net, finetuned", "evidence/resnet18-finetuned/rows.jsonl", "finetune", images={"cifar10": 1000}),
    Source("every way", "every-way-to-draw/tiny-imagenet-to-cifar10.jsonl", "linear", "cifar10", robust="linf 2/255"),
    Source("every way, letters to digits", "every-way-to-draw/glyphs-to-digits.jsonl", "", "digits", robust="linf 0.1"),
)

HEAD: Final = """\
# What the adviser's advice would have cost

`tombola advise` says what to try first from {cells} cells of {studies} studies (`src/tombola/advising/known.json`).
That file and this page are written from the stored rows by

```
python -m results.adviser
```

Regret is the accuracy of the best level that was measured in a case less that of the level a policy takes, in points.
A *case* is one axis' levels side by side, all else the same. Each task is left out in turn with all its studies, and
the others advise; tasks count once each. Always taking a level takes the base where it was not measured. The best of
several noisy figures is too good, so no policy has a regret of zero; the differences are what counts. They stand at the
right, a task each, and with so few tasks they are worth little. Advice must beat the policies in bold, which were named
before the table was made: what one does without advice, and what the papers would always do. The others are told and
not taken, as the best of many is found after the fact.
"""


def main() -> None:
    """Write both files."""
    known = everything()
    SHIPPED.write_text(shipped_text(known), encoding="utf-8")
    PAGE.write_text(page(known), encoding="utf-8")
    print(f"{len(known)} cells; {PAGE.name} written")


def everything() -> list[Known]:
    """What all sources tell."""
    rows = read_rows(RESULTS / "evidence/robust-tickets-table2-small/rows.jsonl")
    told: dict[str, list[float]] = {}
    for row in rows:
        if row.metric == "feature_frechet_distance" and row.cell["prior"] == "natural":
            told.setdefault(str(row.cell["task"]), []).append(row.value)
    gaps = {task: round(fmean(values), 1) for task, values in told.items()}
    return unpacked(packed(one for source in SOURCES for one in source.known(gaps)))


def shipped_text(known: list[Known]) -> str:
    """A task of a study a line, so that changes can be read."""
    return "[\n" + ",\n".join(json.dumps(one) for one in packed(known)) + "\n]\n"


def page(known: list[Known]) -> str:
    """The table of regrets, axis by axis, and whose word is taken."""
    parts = [HEAD.format(cells=len(known), studies=len({one.study for one in known}))]
    for axis in BASES:
        found = regrets(cases(known, axis), axis)
        bold = (f"always {BASES[axis]}", RIVALS.get(axis, ("",))[0])
        lines = [f"| {f'**{policy}**' if policy in bold else policy} | {points:.2f} | {beside(found, policy)} |"
                 for policy, points in found.by_policy.items()]  # fmt: skip
        head = [
            f"## {axis.capitalize()}: {found.tasks} tasks, {found.cases} cases",
            "",
            f"| policy | regret | more than *{bold[0]}* (95 %, {found.tasks} tasks) |",
            "| --- | --- | --- |",
        ]
        taken = f"The adviser follows the *{ADVISED}*." if found.advice_wins else (
            f"The *{ADVISED}* do not beat *{found.best}*, so that is what is advised, and said."
        )  # fmt: skip
        parts.append("\n".join([*head, *lines, "", taken]))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def beside(found: Regrets, policy: str) -> str:
    """What a policy costs beyond the base, with Student's interval over tasks."""
    more = found.beside_base(policy)
    if not any(more):
        return "0"
    return with_interval(more)


if __name__ == "__main__":
    main()
