"""Overlap and nesting: with itself, with chance, with files and with what is no reference."""

from pathlib import Path

import pytest
import torch

from tombola.errors import RequestError
from tombola.masks.analysis import expected_overlap
from tombola.masks.masks import Masks
from tombola.properties._base import Property

from .toy_tickets import drawn, looked_at, net, of_masks, saved

OMP = {"name": "omp", "sparsity": 0.5}


@pytest.mark.parametrize(("name", "metric"), [("overlap", "overlap"), ("nesting", "nesting")])
def test_with_itself_all_is_shared(name: str, metric: str) -> None:
    model = net()
    found = looked_at({"name": name, "reference": OMP}, drawn(model, sparsity=0.5), model)
    assert next(iter(found)) == metric
    assert found[metric].value == 100
    assert found[f"expected_{metric}"].value < 90


def thirds(step: int) -> Masks:
    """Every ``step``-th weight of both layers."""
    places = {"0.weight": torch.arange(216).view(8, 3, 3, 3), "1.weight": torch.arange(288).view(8, 4, 3, 3)}
    return Masks({name: place % step == 0 for name, place in places.items()})


def test_a_file_is_a_reference_and_its_content_the_identity(tmp_path: Path) -> None:
    model = net()
    file = saved(of_masks(model, thirds(6)), tmp_path)
    found = looked_at(f"overlap:{file}", of_masks(model, thirds(3)), model)
    assert found["overlap"].detail["count"] == 84
    assert found["overlap"].value == pytest.approx(50)
    assert found["expected_overlap"].value == pytest.approx(100 * expected_overlap(thirds(3), thirds(6)))
    assert looked_at(f"nesting:{file}", of_masks(model, thirds(3)), model)["nesting"].value == 50
    assert looked_at(f"nesting:{file}", of_masks(model, thirds(12)), model)["nesting"].value == 100
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "other.ticket"
    copy.write_bytes(Path(file).read_bytes())
    identity = Property.parse(f"overlap:{file}").identity()
    assert Property.parse(f"overlap:{copy}").identity() == identity
    assert str(tmp_path) not in str(identity)


def test_a_random_reference_is_another_draw_than_the_ticket() -> None:
    model, options = net(), {"name": "random", "sparsity": 0.5}
    ticket = drawn(model, **options)
    found = looked_at({"name": "overlap", "reference": options}, ticket, model, seed=0)
    assert found["overlap"].value == pytest.approx(found["expected_overlap"].value, abs=8)
    again = looked_at({"name": "overlap", "reference": options}, ticket, model, seed=0)
    assert again["overlap"] == found["overlap"]


def test_results_say_which_reference_it_was() -> None:
    model = net()
    found = looked_at({"name": "overlap", "reference": {**OMP, "pattern": "kernel"}}, drawn(model), model)
    assert found["overlap"].detail["reference"] == "omp sparsity=0.5 pattern=kernel"
    plain = looked_at("overlap:omp", drawn(model), model)
    assert plain["overlap"].detail["reference"] == "omp"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"name": "imp", "level": 2}, "scheme imp looks at a task"),
        ({"name": "shuffled", "of": {"name": "imp", "level": 2}}, "shuffled looks at a task"),
        ("gone.ticket", "there is no such file"),
        ("opm", "did you mean 'omp'"),
        ({}, "name one scheme, one .ticket file, or one prior"),
    ],
)
def test_what_is_no_reference_is_refused_before_anything_runs(reference: object, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        Property.parse({"name": "overlap", "reference": reference})
    assert said in str(caught.value)


def test_other_tensors_and_other_weights_are_refused() -> None:
    model = net()
    with pytest.raises(RequestError, match="covers other tensors than the ticket"):
        looked_at({"name": "overlap", "reference": {**OMP, "prunable": "open_lth"}}, drawn(model), model)
    with pytest.raises(RequestError, match="drawn from other weights"):
        looked_at("overlap:omp", drawn(model), net(seed=1))
