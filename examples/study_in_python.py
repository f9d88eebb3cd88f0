"""A study from Python: its plan, its run, its table. Run it twice: the second time it trains nothing."""

import sys
from pathlib import Path

from tombola.report.table import text_table
from tombola.study.plan import Plan
from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study

STUDY = {
    "name": "two-sparsities",
    "model": "resnet8",
    "source": {"name": "glyphs", "num_train": 2000, "num_test": 100},
    "pretrain": {"epochs": "20it", "batch": 64},
    "draw": "omp",
    "target": {"name": "digits", "num_train": 200},
    "transfer": "linear",
    "measure": "accuracy",
    "axes": {"draw.sparsity": [0.0, 0.9], "seed": [0, 1]},
}

if __name__ == "__main__":
    store = Store(Path(sys.argv[1] if len(sys.argv) > 1 else "tombola-store"))
    study = Study.of(STUDY)
    print(Plan.of(study).counts(store.has))
    print(text_table(run(study, store).rows))
