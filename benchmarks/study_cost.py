"""What sharing saves: figure 1's study through one store, against every cell run alone in a store of its own.

    python benchmarks/study_cost.py [--quick]
    python benchmarks/study_cost.py --study robust-tickets/fig1 --set scale=small --store tombola-store

The first form runs a study of figure 1's shape on built-in data (two priors, two tasks, four sparsities, two seeds: 32
cells; --quick takes one seed and shorter transfers) twice: once as a study, and then cell by cell, each in an empty
store. It counts the seconds in pretraining, drawing and transferring, and compares the rows, which must be the same.
The second form trains nothing: of a finished study it adds up its stages' seconds, each once, and once for each cell
that needs it.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from tombola.recipes._lookup import recipe
from tombola.rows import Row
from tombola.study.chain import STAGES
from tombola.study.plan import Plan, PlannedCell
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, it finds those beside it

from benchmarks.bars import Bar, closing, parsed

GOAL = 4.0
TRAINING = ("pretrain", "draw", "transfer")
PGD = {"name": "pgd", "eps": 8 / 255, "steps": 3, "step": 4 / 255}


def study(images: int, steps: int, seeds: int) -> Study:
    """Figure 1's shape on letters and digits; ``steps`` of every transfer."""
    fit = {"epochs": f"{steps}it", "batch": 50, "optimizer": {"name": "sgd", "lr": 0.02}}
    axes: dict[str, Any] = {
        "prior": {
            "natural": {"pretrain.objective": "natural"},
            "robust": {"pretrain.objective": {"name": "adversarial", "attack": PGD}},
        },
        "task": {
            "digits": {"target": "digits"},
            "glyphs": {"target": {"name": "glyphs", "num_train": 1000, "seed": 1}},
        },
        "draw.sparsity": [0.0, 0.5, 0.8, 0.9],
        "seed": list(range(seeds)),
    }
    return Study.of(
        {
            "name": "study-cost",
            "model": "resnet8",
            "source": {"name": "glyphs", "num_train": images},
            "pretrain": {"epochs": "2ep", "batch": 128},
            "pretrain_seed": 0,
            "draw": "omp",
            "transfer": {"name": "finetune", "fit": fit},
            "axes": axes,
        }
    )


def measured(whole: Study) -> int:
    """Both ways, run; 0 where the goal was met with equal rows."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan.of(whole)
        store = Store(Path(folder, "shared"))
        shared = run(plan.study, store)
        once = seconds_of(store)
        alone: dict[str, float] = defaultdict(float)
        rows: list[Row] = []
        for number, planned in enumerate(plan.cells):
            own = Store(Path(folder, f"cell{number}"))
            rows += run(only(plan.study, planned), own).rows
            for kind, seconds in seconds_of(own).items():
                alone[kind] += seconds
            print(f"\rcell {number + 1} of {len(plan.cells)}", end="", file=sys.stderr)
        print(file=sys.stderr)
    equal = values(shared.rows) == values(tuple(rows))
    print(f"{len(plan.cells)} cells, rows {'equal' if equal else 'DIFFERENT'}")
    return closing(told(once, alone), Bar("rows equal", equal, 1, form="d"))


def only(whole: Study, planned: PlannedCell) -> Study:
    """The study of one cell."""
    labels = {**planned.cell.labels, "seed": planned.cell.experiment.seed}
    return whole.override([f"{axis}={label}" for axis, label in labels.items()])


def values(rows: tuple[Row, ...]) -> list[tuple[str, float]]:
    """What must be the same: the stages' keys and the values."""
    return sorted((row.key, row.value) for row in rows)


def seconds_of(store: Store) -> dict[str, float]:
    """Seconds by kind of stage, of all a store holds."""
    found: dict[str, float] = defaultdict(float)
    for manifest in store.manifests():
        found[manifest.stage] += manifest.seconds
    return found


def summed(plan: Plan, store: Store) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by kind: every stage once, and every stage once for each cell that needs it."""
    spent = {manifest.key: manifest.seconds for manifest in store.manifests()}
    once: dict[str, float] = defaultdict(float)
    alone: dict[str, float] = defaultdict(float)
    for stage in plan.stages.values():
        once[stage.STAGE] += spent[stage.key]
    for planned in plan.cells:
        for stage in planned.stages.values():
            alone[stage.STAGE] += spent[stage.key]
    return once, alone


def told(once: dict[str, float], alone: dict[str, float]) -> Bar:
    """Print both; their ratio for training as a bar."""
    for kind in STAGES:
        print(f"  {kind:<10} {once[kind]:9.1f} s in the study {alone[kind]:11.1f} s cell by cell")
    ratio = sum(alone[kind] for kind in TRAINING) / sum(once[kind] for kind in TRAINING)
    return Bar("times less training", ratio, GOAL, form=".1f")


def main() -> None:
    """Exit with 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=6000, help="images of the source task")
    parser.add_argument("--study", help="a recipe whose stages are all in --store")
    parser.add_argument("--set", action="append", default=[], help="as tombola's")
    parser.add_argument("--store", type=Path, default=Path("tombola-store"))
    parser.add_argument("--steps", type=int, default=40, help="of every transfer")
    parser.add_argument("--seeds", type=int, default=2)
    given = parsed(parser, images=2500, steps=5, seeds=1)
    if given.study is None:
        sys.exit(measured(study(given.images, given.steps, given.seeds)))
    plan, store = Plan.of(recipe(given.study, given.set)), Store(given.store)
    if missing := plan.missing(store.has):
        sys.exit(f"{len(missing)} of {len(plan.stages)} stages are not in {given.store}; run the study first")
    print(f"{plan.study.name}: {len(plan.cells)} cells")
    sys.exit(closing(told(*summed(plan, store))))


if __name__ == "__main__":
    main()
