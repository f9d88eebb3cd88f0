"""float32 or int8: the one whose ticket, as fast as asked, is worth more."""

import torch
from torch import nn

from tombola.fitting.session import Session
from tombola.graphs.cells import CellSums
from tombola.masks.drawing import groupings
from tombola.masks.patterns._base import Pattern
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.schemes._base import Scheme
from tombola.schemes.latency.asked import Asked
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.native_time import NativeTime
from tombola.schemes.latency.ranked import Ranked
from tombola.schemes.latency.way import best


def toy() -> Network:
    torch.manual_seed(0)
    convolutions = nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1)
    return Network(nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4)), source="toy")


def ranked(pattern: str = "block:1x4") -> dict[str, Ranked]:
    body = toy().body
    weights = {name: body.get_parameter(name).detach() for name in ("0.weight", "2.weight")}
    groups = groupings(weights, Pattern.parse(pattern), layers_of(body, weights))
    return Ranked.of({name: weight.abs() for name, weight in weights.items()}, groups, 1)


def costs(factor: float, rest: float = 0.5) -> Costs:
    return Costs({"0.weight": Curve.of([0, factor]), "2.weight": Curve.of([0, 4 * factor])}, rest)


def test_the_faster_kernels_keep_more_and_are_taken() -> None:
    way, machine = best(ranked(), [("float32", costs(2.0), "slow"), ("int8", costs(0.5), "fast")], Asked(seconds=2.0))
    assert (way.arithmetic, machine) == ("int8", "fast")
    way, machine = best(ranked(), [("float32", costs(0.5), "fast"), ("int8", costs(2.0), "slow")], Asked(seconds=2.0))
    assert (way.arithmetic, machine) == ("float32", "fast")


def test_of_two_that_prune_nothing_float32_is_taken() -> None:
    way, _ = best(ranked(), [("float32", costs(1.0), 0), ("int8", costs(0.5), 1)], Asked(seconds=20.0))
    assert way.arithmetic == "float32"


def test_what_cannot_be_fast_enough_is_not_taken_though_it_keeps_more() -> None:
    way, _ = best(ranked(), [("float32", costs(0.1, rest=3.0), 0), ("int8", costs(2.0), 1)], Asked(seconds=1.0))
    assert way.arithmetic == "int8"


def test_a_part_is_one_of_the_faster_dense_net() -> None:
    way, _ = best(ranked(), [("float32", costs(2.0), 0), ("int8", costs(1.0, rest=20.0), 1)], Asked(part=0.5))
    assert way.arithmetic == "float32"
    assert way.asked.target(way.costs.dense) == 0.5 * 10.5


def test_int8_is_expected_by_kernels_of_its_own() -> None:
    made = NativeTime(toy(), (3, 16, 16), 1, "int8")
    names = [step.name for step in made.dense_program.steps if isinstance(step.op, CellSums)]
    assert len(names) == 2
    found = made.costs(ranked())
    curve = found.layers["2.weight"]
    assert 0 < curve.seconds[0] < curve.dense
    assert found.dense != NativeTime(toy(), (3, 16, 16), 1).costs(ranked()).dense


def test_the_lineage_says_in_what_it_is_to_be_exported() -> None:
    options = {"name": "latency", "latency": 0.75, "image": 24, "verify": False, "pattern": "block:1x4"}
    for arithmetic in ("int8", "best"):
        scheme = Scheme.parse({**options, "arithmetic": arithmetic})
        (ticket,) = scheme.draw(toy(), None, seed=0, session=Session())
        assert ticket.lineage.extra["latency"].get("arithmetic", "float32") in ("int8", "float32")
        assert 0.1 < ticket.masks.sparsity < 0.95
    (plain,) = Scheme.parse(options).draw(toy(), None, seed=0, session=Session())
    assert "arithmetic" not in plain.lineage.extra["latency"]
