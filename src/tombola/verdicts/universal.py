"""How *universal* a source's ticket is: on how many other tasks it is as good as the task's own ticket.

Reference: BERT-Tickets (NeurIPS'20), figure 2: the number of targets T with Transfer(S, T) >= Transfer(T, T).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tombola.errors import RequestError
from tombola.rows import Row, Scalar
from tombola.verdicts.matching import matching


@dataclass(frozen=True)
class Universal:
    """The other targets on which the source's ticket reaches the target's own, misses it, or has too few seeds."""

    source: Scalar
    reached: tuple[Scalar, ...]
    missed: tuple[Scalar, ...]
    undecided: tuple[Scalar, ...]

    @property
    def count(self) -> int:
        """The number of targets reached; those undecided are not counted."""
        return len(self.reached)

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        total = self.count + len(self.missed) + len(self.undecided)
        left = f", {len(self.undecided)} undecided" if self.undecided else ""
        return f"Tickets of {self.source} reach the target's own on {self.count} of {total} other targets{left}."


def universal(rows: Sequence[Row], *, source: str, target: str) -> dict[Scalar, Universal]:
    """The verdict of every source; ``source`` and ``target`` name the axes, which must use the same names for tasks.

    A target without a ticket of its own is undecided. Means are compared, over at least three shared seeds.
    """
    cells: dict[Scalar, dict[Scalar, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if missing := [axis for axis in (source, target) if axis not in row.cell]:
            raise RequestError(f"a row has no axis {missing[0]!r} (it has: {', '.join(sorted(row.cell))})")
        cells[row.cell[source]][row.cell[target]].append(row)
    return {name: _of_source(cells, name, source) for name in sorted(cells, key=str)}


def _of_source(cells: dict[Scalar, dict[Scalar, list[Row]]], name: Scalar, source: str) -> Universal:
    found: dict[str, list[Scalar]] = {"yes": [], "no": [], "undecided": []}
    for target in sorted(cells[name], key=str):
        if target != name:
            own = cells[target].get(target, []) if target in cells else []
            theirs = [_as_from(row, source) for row in cells[name][target]]
            outcome = matching(theirs, [_as_from(row, source) for row in own], rule="strict").by_means
            found[outcome].append(target)
    return Universal(name, *(tuple(targets) for targets in found.values()))


def _as_from(row: Row, source: str) -> Row:
    """The row without its source, the one axis in which the two may differ."""
    return row.model_copy(update={"cell": {axis: level for axis, level in row.cell.items() if axis != source}})
