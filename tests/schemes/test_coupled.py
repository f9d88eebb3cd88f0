"""Coupled channels: as many weights as asked, nothing left of a channel that went, errors that say what to write."""

import pytest
import torch
from tests.shrinking.nets import network, size_of

from tombola import verbs
from tombola.errors import MaskError, RequestError
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.shown import ShownImages
from tombola.shrinking.shrunk import shrunk_with_masks

SIZE = (3, 16, 16)


@pytest.mark.parametrize(
    ("sparsity", "budget"),
    [
        *(
            pytest.param(*more, marks=pytest.mark.slow)
            for more in ((0.0, "global"), (0.9, "global"), (0.75, "uniform"))
        ),
        (0.5, "global"),
        (0.6, "lamp"),
    ],
)
def test_the_ticket_is_as_sparse_as_asked_and_as_small_as_sparse(sparsity: float, budget: str) -> None:
    model = Source.parse("resnet8").load()
    ticket = verbs.draw(model, {"name": "coupled", "sparsity": sparsity, "budget": budget, "image": 16})
    assert ticket.sparsity == pytest.approx(sparsity, abs=0.01)
    _, left = shrunk_with_masks(model, ticket.masks, ShownImages(SIZE))
    assert left.kept == left.total == ticket.masks.kept
    assert ticket.lineage.sparsity == sparsity


@pytest.mark.slow
def test_more_sparse_is_nested() -> None:
    model = Source.parse("resnet8").load()
    low, high = (verbs.draw(model, {"name": "coupled", "sparsity": s}).masks for s in (0.5, 0.8))
    assert high.nested_in(low)


def test_the_weakest_channel_goes_first() -> None:
    model = Source.parse("resnet8").load()
    with torch.no_grad():
        for name in ("conv1.weight", "layer1.0.conv2.weight"):  # the two that write the first sum
            model.body.get_parameter(name)[5] *= 1e-3
        for name in ("layer1.0.conv1.weight", "layer2.0.conv1.weight"):  # the two that read it
            model.body.get_parameter(name)[:, 5] *= 1e-3
        model.body.get_parameter("layer2.0.conv2.weight")[13] *= 1e-3  # behind the shortcut: 8 zeros, then its 16
        model.body.get_parameter("layer3.0.conv1.weight")[:, 13] *= 1e-3
        model.body.get_parameter("layer3.0.conv2.weight")[29] *= 1e-3
    ticket = verbs.draw(model, {"name": "coupled", "sparsity": 0.02})
    pruned = {name: (~mask).flatten(1).all(1).nonzero().flatten().tolist() for name, mask in ticket.masks.items()}
    assert pruned["conv1.weight"] == pruned["layer1.0.conv2.weight"] == [5]
    assert pruned["layer2.0.conv2.weight"] == [13]
    assert pruned["layer3.0.conv2.weight"] == [29]


def test_without_sums_only_channels_inside_blocks_go() -> None:
    model = Source.parse("resnet8").load()
    ticket = verbs.draw(model, {"name": "coupled", "sparsity": 0.5, "budget": "uniform", "sums": False})
    gone = {name for name, mask in ticket.masks.items() if (~mask).flatten(1).all(1).any()}
    assert gone == {f"layer{stage}.0.conv1.weight" for stage in (1, 2, 3)}
    shapes = {name: tuple(p.shape) for name, p in model.body.named_parameters()}
    small, left = shrunk_with_masks(model, ticket.masks, ShownImages(SIZE))
    thin = {name: tuple(p.shape) for name, p in small.body.named_parameters() if tuple(p.shape) != shapes[name]}
    assert {name.split(".")[2] for name in thin} == {"conv1", "bn1", "conv2"}, "the stream is as wide as it was"
    assert left.kept == ticket.masks.kept


def test_a_net_that_is_all_sums_says_so() -> None:
    model = network(["residual"])
    with pytest.raises(MaskError, match="sums=true"):
        verbs.draw(
            model, {"name": "coupled", "sparsity": 0.5, "image": 8, "sums": False, "prunable": "re:nothing|stem"}
        )


def test_more_than_can_go_is_refused_with_what_can() -> None:
    with pytest.raises(MaskError, match=r"at most 0\.\d+ of the weights"):
        verbs.draw(Source.parse("resnet8").load(), {"name": "coupled", "sparsity": 0.9999})


def test_a_score_that_looks_at_data_wants_a_task() -> None:
    with pytest.raises(RequestError, match="looks at a task"):
        verbs.draw(Source.parse("resnet8").load(), {"name": "coupled", "score": "snip"})


def test_any_module_will_do() -> None:
    model = network(["residual", "exciting", "grouped"])
    ticket = verbs.draw(model, {"name": "coupled", "sparsity": 0.6, "image": 8})
    small, _ = shrunk_with_masks(model, ticket.masks, ShownImages((3, 8, 8)))
    assert size_of(small) < 0.5 * size_of(model)
    assert set(ticket.masks) == set(prunable(model.body))


@pytest.mark.slow
def test_layers_keep_multiples_where_asked() -> None:
    model = Source.parse("resnet8").load()
    drawn = verbs.draw(model, {"name": "coupled", "sparsity": 0.6, "multiple": 4, "budget": "uniform"})
    small, _ = shrunk_with_masks(model, drawn.masks, ShownImages(SIZE))
    widths = {name: len(value) for name, value in small.body.named_parameters() if name.endswith("conv1.weight")}
    assert all(width % 4 == 0 for width in widths.values())
    assert drawn.sparsity == pytest.approx(0.6, abs=0.1)


def test_a_score_in_rounds_prunes_in_rounds() -> None:
    model = Source.parse("resnet8").load()
    scheme = {"name": "coupled", "sparsity": 0.6, "image": 16, "score": {"name": "synflow", "rounds": 3}}
    ticket = verbs.draw(model, scheme)
    assert ticket.sparsity == pytest.approx(0.6, abs=0.01)
    _, left = shrunk_with_masks(model, ticket.masks, ShownImages(SIZE))
    assert left.kept == left.total


def test_a_budget_of_one_sparsity_is_refused() -> None:
    with pytest.raises(RequestError, match="holds at one sparsity"):
        verbs.draw("resnet8", {"name": "coupled", "budget": {"name": "explicit", "layers": {"layer1": 0.5}}})


def test_a_rule_that_leaves_no_channel_is_refused() -> None:
    with pytest.raises(MaskError, match="no channel may go whole"):
        verbs.draw("resnet8", {"name": "coupled", "prunable": "re:^linear"})
