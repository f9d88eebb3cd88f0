"""The promises of every scheme over random nets and settings: counts, zeros, nesting, rewinding, untouched weights."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fitting.toys import Toy
from tests.schemes.toys import climb
from torch import nn

from tombola.fitting.fit import Fit
from tombola.fitting.optimizers._base import Optimizer
from tombola.fitting.session import Session
from tombola.masks.drawing import groupings
from tombola.masks.masks import Masks
from tombola.masks.patterns._base import Pattern
from tombola.models.digest import weights_digest
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.schemes._base import Scheme
from tombola.spec import build
from tombola.tickets.ticket import Ticket

PATTERNS = ["element", "stripe:2", "stripe:4", "row", "kernel", "channel", "block:2x2"]
MATCHED = {"name": "stripe", "size": 2, "order": "matched"}
SOME = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def nets(draw: st.DrawFn) -> Network:
    """A few convolutions (plain, grouped, depthwise, 1x1), batch norm, a hidden linear layer and a head."""
    width = draw(st.sampled_from([4, 6, 8]))
    parts: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    for kernel, groups in draw(
        st.lists(st.tuples(st.sampled_from([1, 3]), st.sampled_from([1, 2, width])), max_size=3)
    ):
        parts += [
            nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(width),
        ]
    parts += [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, 10), nn.ReLU(), nn.Linear(10, 3)]
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 10**6)))
        for module in parts:
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()  # type: ignore[operator]  # torch's layers have it
    return Network(nn.Sequential(*parts), source="random")


def fit(steps: int, optimizer: Any = "sgd") -> dict[str, Any]:
    options = {"name": optimizer} if isinstance(optimizer, str) else optimizer
    return {"epochs": f"{steps}it", "batch": 16, "optimizer": options, "precision": "float32"}


def ticket_of(scheme: dict[str, Any], model: Network, seed: int = 0) -> Ticket:
    return climb(Scheme.parse(scheme), model, seed=seed)[-1].ticket


@SOME
@given(
    nets(), st.sampled_from([*PATTERNS, MATCHED]), st.floats(0.05, 0.8), st.sampled_from(["global", "uniform", "erk"])
)
def test_exactly_the_nearest_count_is_kept_in_whole_groups(
    model: Network, pattern: Any, sparsity: float, budget: str
) -> None:
    scheme = {"name": "omp", "sparsity": sparsity, "pattern": pattern, "budget": {"name": budget, "floor": 0}}
    masks = ticket_of({**scheme, "prunable": "open_lth"}, model).masks
    weights = prunable(model.body, "open_lth")
    groups = groupings(weights, Pattern.parse(pattern), layers_of(model.body, weights))
    for name, grouping in groups.items():
        means = grouping.means(masks[name].double())
        assert bool(((means == 0) | (means == 1)).all())
    largest = max(int(grouping.sizes.max()) for grouping in groups.values())
    if budget == "global":
        assert abs(masks.total - masks.kept - sparsity * masks.total) <= largest / 2 + 1e-9
    if pattern == "element":
        assert masks.total - masks.kept == round(sparsity * masks.total)


@SOME
@given(nets(), st.sampled_from(Optimizer.family.names()), st.integers(1, 4), st.integers(0, 99))
def test_pruned_weights_are_plus_zero_after_any_steps_of_every_optimizer(
    model: Network, optimizer: str, steps: int, seed: int
) -> None:
    masks = ticket_of({"name": "random", "sparsity": 0.6}, model, seed).masks
    recipe = build(Fit, fit(steps, {"name": optimizer, "lr": 0.1, "weight_decay": 0.1}))
    trained = recipe.run(model, Toy(), masks=masks, seed=seed, session=Session())
    for name, weight in prunable(trained.body).items():
        pruned = weight.detach()[~masks[name]]
        assert not pruned.any()
        assert not torch.signbit(pruned).any()


@pytest.mark.slow
@SOME
@given(
    nets(),
    st.sampled_from(["pretrained", "initial", "early:1it", "finetuned"]),
    st.sampled_from(["geometric:0.4", "linear:0.2", {"name": "listed", "sparsities": [0.3, 0.5, 0.7]}]),
    st.sampled_from([*PATTERNS, MATCHED]),
    st.sampled_from(["fresh", "kept", "pretrained"]),
    st.integers(0, 99),
)
def test_ladders_are_nested_and_every_level_starts_from_one_state(
    model: Network, rewind: str, ladder: Any, pattern: Any, head: str, seed: int
) -> None:
    before = weights_digest(model)
    scheme = {"name": "imp", "level": 3, "rewind": rewind, "ladder": ladder, "pattern": pattern, "head": head}
    spared = {"name": "uniform", "floor": 0}  # nets this small cannot keep a channel of every layer at 80 %
    rungs = climb(Scheme.parse({**scheme, "fit": fit(2), "budget": spared}), model, seed=seed)
    assert weights_digest(model) == before
    assert len({rung.ticket.lineage.extra["rewound"] for rung in rungs}) == 1
    for denser, sparser in pairwise(rung.ticket.masks for rung in rungs):
        assert sparser.nested_in(denser)
        assert sparser.kept < denser.kept or pattern != "element"


@SOME
@given(
    nets(),
    st.sampled_from([*PATTERNS, MATCHED, "1:2"]),
    st.sampled_from(["uniform", "global"]),
    st.integers(0, 3),
    st.integers(0, 99),
)
def test_learning_a_mask_leaves_the_weights_and_begins_as_omp(
    model: Network, pattern: Any, budget: str, steps: int, seed: int
) -> None:
    before = weights_digest(model)
    scheme = {"sparsity": 0.5, "pattern": pattern, "budget": budget}
    learned = ticket_of({**scheme, "name": "lmp", "fit": fit(steps, {"name": "sgd", "lr": 2.0})}, model, seed).masks
    drawn = ticket_of({**scheme, "name": "omp"}, model).masks
    assert weights_digest(model) == before
    if steps == 0:
        assert learned == drawn
    if pattern == "element":
        assert learned.kept == drawn.kept


@SOME
@given(nets(), st.sampled_from([(1, 2), (2, 4), (1, 4), (3, 4)]), st.sampled_from(["omp", "lmp"]))
def test_no_block_of_m_keeps_more_than_n(model: Network, ratio: tuple[int, int], scheme: str) -> None:
    n, m = ratio
    options = {"pattern": f"{n}:{m}", "sparsity": 1 - n / m, "prunable": "open_lth"}
    extra = {"fit": fit(2)} if scheme == "lmp" else {}
    for mask in ticket_of({"name": scheme, **options, **extra}, model).masks.values():
        for start in range(0, mask.shape[1], m):
            assert int(mask[:, start : start + m].sum(1).max()) <= n


@pytest.mark.slow
@SOME
@given(nets(), st.floats(0.1, 0.8), st.integers(0, 99))
def test_controls_keep_as_many_as_what_they_control(model: Network, sparsity: float, seed: int) -> None:
    inner = {"name": "omp", "sparsity": sparsity}
    drawn = ticket_of(inner, model).masks
    for name in ("layer_matched", "reinit", "shuffled"):
        masks = ticket_of({"name": name, "of": inner}, model, seed).masks
        assert masks.counts() == drawn.counts()
    opposite = ticket_of({"name": "complement", "of": inner}, model, seed).masks
    assert (opposite & drawn).kept == 0
    assert (opposite | drawn) == Masks.full(prunable(model.body))
    assert math.isclose(opposite.sparsity, 1 - drawn.sparsity)
