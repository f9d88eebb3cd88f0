"""SuperTickets against either order and no search: as many epochs, as sparse; ToST's arms differ in their part."""

import pytest

from tombola.fitting.fit import Fit
from tombola.recipes._lookup import recipe
from tombola.schemes.imp import IMP
from tombola.study.experiment import Experiment
from tombola.transfers.finetune import Finetune


def fits(cell: Experiment) -> list[Fit]:
    assert isinstance(cell.transfer, Finetune)
    return [fit for fit in (cell.pretrain, cell.transfer.fit) if fit is not None]


def by(name: str, axis: str) -> dict[str, Experiment]:
    return {str(cell.labels[axis]): cell.experiment for cell in recipe(name).cells()}


@pytest.mark.parametrize("sparsity", [0.8, 0.9])
def test_every_way_has_as_many_epochs_and_ends_as_sparse(sparsity: float) -> None:
    cells = {name: one for name, one in by("supertickets/joint", "way").items() if name.endswith(f"{sparsity:.0%}")}
    assert len(cells) == 7
    for name, cell in cells.items():
        more = 117 if "trained on" in name else 0
        assert sum(fit.epochs.iterations(1) for fit in fits(cell)) == 351 + more
        asked = cell.draw.identity()["sparsity"]
        pruned = [c.identity()["sparsity"] for fit in fits(cell) for c in fit.changes if c.OF_MASKS]
        assert {*pruned, *([asked] if asked else [])} == {sparsity}
        searched = [c for fit in fits(cell) for c in fit.changes if c.name == "shrink"]
        assert len(searched) == (0 if name.startswith("OMP") else 1)
        assert [fit for fit in fits(cell) if fit.objective.name == "scale_penalty"] == [
            fit for fit in fits(cell) if any(c.name == "shrink" for c in fit.changes)
        ]


def test_tosts_arms_are_their_parts() -> None:
    cells = by("tost/ablation", "part")
    said = {}
    for name, cell in cells.items():
        assert isinstance(cell.draw, IMP)
        parts = [change.name for fit in fits(cell) for change in fit.changes]
        parts += ["smoothing"] if cell.target.identity()["label_smoothing"] else []
        said[name] = [*parts, *(["scaling"] if cell.draw.rewind.name == "rescaled" else [])]
        assert not cell.draw.trains
    assert said["plain"] == []
    assert said["all"] == ["soft_activations", "ghost_skips", "smoothing", "scaling"]
    assert said["all but ghost"] == ["soft_activations", "smoothing", "scaling"]
    assert said["scaling"] == ["scaling"]
