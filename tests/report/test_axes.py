"""Which axis plays which part."""

import pytest
from tests.report.rows import demo_rows, row

from tombola.errors import RequestError
from tombola.report.axes import axes_of, level, ordered


def test_the_demo_has_sparsity_prior_and_transfer() -> None:
    axes = axes_of(demo_rows(1))
    assert (axes.sparsity, axes.colour, axes.panels) == ("draw.sparsity", "prior", ("transfer",))
    assert axes.fixed == {"draw.scheme": "omp"}
    assert axes.noun == "prior"


def test_a_pretraining_axis_takes_the_priors_place() -> None:
    rows = [row(1.0, pretrain__objective=o, transfer=t) for o in ("natural", "free") for t in ("linear", "finetune")]
    axes = axes_of(rows)
    assert (axes.colour, axes.noun, axes.panels) == ("pretrain.objective", "prior", ("transfer",))


def test_without_a_prior_what_is_drawn_is_compared() -> None:
    axes = axes_of([row(1.0, draw__scheme=s, aim=a) for s in ("omp", "imp") for a in ("x", "y")])
    assert (axes.colour, axes.noun, axes.panels) == ("draw.scheme", "scheme", ("aim",))


def test_a_sparsity_that_is_no_share_is_an_axis_like_another() -> None:
    assert axes_of([row(1.0, draw__sparsity="most"), row(1.0, draw__sparsity=0.5)]).sparsity is None
    assert axes_of([row(1.0, draw__sparsity=90), row(1.0, draw__sparsity=0.5)]).sparsity is None


def test_the_seed_is_no_axis_of_the_cell() -> None:
    axes = axes_of([row(1.0, seed=s, prior="a", fit__seed=s) for s in (0, 1)])
    assert axes.panels == ()
    assert axes.fixed == {}


def test_a_single_level_is_fixed_but_for_prior_and_sparsity() -> None:
    axes = axes_of([row(1.0, prior="a", draw__sparsity=0.5, transfer="linear")])
    assert (axes.sparsity, axes.colour, dict(axes.fixed)) == ("draw.sparsity", "prior", {"transfer": "linear"})


def test_levels_stand_in_the_order_people_count_in() -> None:
    assert ordered(["layer10", "layer2", None, 3, 0.5, True, "layer2"]) == (None, True, 0.5, 3, "layer2", "layer10")
    assert [level(value) for value in (None, True, 0.5, 3, "a")] == ["none", "yes", "0.5", "3", "a"]


def test_the_axis_to_compare_may_be_named_by_its_last_part() -> None:
    rows = [row(1.0, prior=p, draw__pattern=q) for p in ("a", "b") for q in ("element", "row")]
    axes = axes_of(rows, "pattern")
    assert (axes.colour, axes.panels) == ("draw.pattern", ("prior",))
    with pytest.raises(RequestError, match=r"no such axis.*there are: draw\.pattern, prior"):
        axes_of(rows, "schem")
