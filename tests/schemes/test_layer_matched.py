"""Layer-matched random tickets: the counts of every layer are the other ticket's, the places are not."""

import pytest
import torch
from tests.fitting.toys import Toy, network
from tests.schemes.control_toys import OMP, drawn, net, rungs
from tests.schemes.toys import FIT

from tombola.errors import RequestError
from tombola.masks.analysis import expected_overlap
from tombola.masks.patterns._base import Pattern

MATCHED = {"name": "layer_matched", "of": OMP}
GROUPED = [
    name for name in ("stripe:4", "kernel", "row", "channel") if name.partition(":")[0] in Pattern.family.names()
]


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.93])
def test_every_layer_keeps_exactly_as_many(sparsity: float) -> None:
    inner, matched = rungs({"name": "layer_matched", "of": {**OMP, "sparsity": sparsity}}, net())
    assert matched.ticket.masks.counts() == inner.ticket.masks.counts()
    assert (matched.ticket.masks == inner.ticket.masks) == (sparsity == 0)
    assert matched.ticket.weights is None


def test_the_places_are_random() -> None:
    inner, matched = (rung.ticket.masks for rung in rungs(MATCHED, net()))
    assert matched.overlap(inner) == pytest.approx(expected_overlap(matched, inner), rel=0.1)
    assert drawn(MATCHED, net(), seed=0).masks == matched
    assert drawn(MATCHED, net(), seed=1).masks != matched


@pytest.mark.parametrize("pattern", GROUPED)
def test_with_a_pattern_its_groups_live_and_die_together(pattern: str) -> None:
    options = {"name": "layer_matched", "of": {**OMP, "pattern": pattern}, "pattern": pattern}
    inner, matched = (rung.ticket.masks for rung in rungs(options, net()))
    assert matched.counts() == inner.counts()
    assert matched != inner
    if pattern == "kernel":
        kernels = matched["one.weight"].flatten(2)
        assert torch.equal(kernels.any(2), kernels.all(2))


@pytest.mark.skipif("stripe" not in Pattern.family.names(), reason="needs the pattern")
def test_groups_of_two_sizes_match_exactly() -> None:
    options = {"name": "layer_matched", "of": {**OMP, "pattern": "stripe:5"}, "pattern": "stripe:5"}
    for seed in range(5):
        inner, matched = (rung.ticket.masks for rung in rungs(options, net(seed), seed=seed))
        assert matched.counts() == inner.counts()


@pytest.mark.skipif("kernel" not in Pattern.family.names(), reason="needs the pattern")
def test_a_pattern_the_ticket_does_not_have_is_refused() -> None:
    with pytest.raises(RequestError, match=r"keeps parts of such groups in stem\.weight"):
        drawn({**MATCHED, "pattern": "kernel"}, net())


@pytest.mark.skipif("nm" not in Pattern.family.names(), reason="needs the pattern")
def test_a_pattern_that_fixes_its_count_keeps_it_or_is_refused() -> None:
    whole = {"name": "layer_matched", "of": {**OMP, "pattern": "2:4"}, "pattern": "2:4"}
    inner, matched = (rung.ticket.masks for rung in rungs(whole, net()))
    assert inner.sparsity < 0.5, "the stem has three inputs, of which two stay"
    assert matched.counts() == inner.counts()
    rule = {"prunable": "re:one|two"}
    inner, matched = (
        r.ticket.masks for r in rungs({**MATCHED, "of": {**OMP, "pattern": "2:4", **rule}, "pattern": "2:4"}, net())
    )
    assert matched.counts() == inner.counts()
    assert matched != inner
    with pytest.raises(RequestError, match=r"pattern=nm keeps"):
        drawn({**MATCHED, "of": {**OMP, **rule}, "pattern": "2:4"}, net())


def test_of_a_rewound_ticket_it_has_the_values_of_the_rewound_state() -> None:
    options = {
        "name": "layer_matched",
        "of": {"name": "imp", "level": 1, "fit": FIT, "rewind": "early:1it", "first": "prune"},
    }
    model = network()
    level_0, inner, matched = rungs(options, model, task=Toy())
    state = {name.removeprefix("state/body."): tensor for name, tensor in level_0.carried.items()}
    assert matched.ticket.masks.counts() == inner.ticket.masks.counts()
    assert matched.ticket.weights is not None
    kept = matched.ticket.masks["3.weight"]
    assert torch.equal(matched.ticket.weights["3.weight"][kept], state["3.weight"][kept])
    assert not torch.equal(state["3.weight"], model.body.state_dict()["3.weight"])
    assert torch.equal(matched.ticket.weights["4.running_mean"], state["4.running_mean"])


def test_where_the_pruned_values_are_kept_nowhere_it_says_so() -> None:
    shuffled = {"name": "shuffled", "of": OMP}
    with pytest.raises(RequestError, match="the ticket of shuffled pruned"):
        drawn({"name": "layer_matched", "of": shuffled}, net())
