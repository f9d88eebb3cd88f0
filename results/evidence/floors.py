"""The floor beside a lead: what nets that were never trained, and tickets kept by chance, reach in the same cells.

Rows of controls lie in ``floor/STUDY``, or in the study's own rows where it was run with them. A study without controls
of its own borrows those of another with the same task and transfer; an axis the controls do not have is not asked for.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from results.evidence.leads import Cell

from tombola.rows import Row, Scalar, read_rows

FOLDER: Final = Path(__file__).parent / "floor"
CONTROLS: Final = ("untrained", "random ticket")

BORROWED: Final[dict[str, tuple[str, dict[str, Scalar]]]] = {
    "robust-tickets-fig4-small": ("robust-tickets-fig3-small", {"draw.pattern": "element"}),
    "robust-tickets-fig6-small": ("robust-tickets-fig2-small", {"transfer.bn": "frozen"}),
    "robust-tickets-fig8-small": ("robust-tickets-fig2-small", {"transfer.bn": "frozen"}),
    "robust-tickets-table2-small": ("robust-tickets-fig9-small", {}),
    "tiny-imagenet-to-cifar10": ("robust-tickets-fig3-small", {"draw.pattern": "element"}),
}
"""Whose controls stand for whose until it has some of its own: the same net, images and linear evaluation, one-shot
tickets of single weights."""
BORROWED["cifar100-to-cifar10"] = ("robust-tickets-fig9-small", {"prior": "untrained"})  # the source differs


HAVE_NONE: Final = ("robust-tickets-fig4-small", "robust-tickets-table2-small", "tiny-imagenet-to-cifar10")
"""Studies with no controls among their priors: their floor is the lender's, and running them cannot fill it."""


def controls(study: str, rows: Sequence[Row], folder: Path = FOLDER) -> list[Row]:
    """The rows of controls that stand beside those of a study."""
    own = (folder / study).is_dir()
    lender, levels = (study, {}) if own else BORROWED.get(study, (study, {}))
    file = folder / lender / "rows.jsonl"
    lent = read_rows(file) if file.exists() else []
    found = [row for row in lent if all(row.cell.get(axis) == level for axis, level in levels.items())]
    return [row for row in (*found, *rows) if row.cell.get("prior") in CONTROLS]


def floor(rows: Sequence[Row], metric: str, cells: Sequence[Cell]) -> dict[str, float]:
    """The mean of each control over these cells; without the controls that some of the cells lack."""
    found: dict[str, float] = {}
    for control in CONTROLS:
        ours = [row for row in rows if row.metric == metric and row.cell["prior"] == control]
        values = [[row.value for row in ours if _stands_for(row, cell)] for cell in cells]
        if values and all(values):
            found[control] = fmean(map(fmean, values))
    return found


def _stands_for(row: Row, cell: Cell) -> bool:
    return all(row.cell[axis] == level for axis, level in cell if axis in row.cell)
